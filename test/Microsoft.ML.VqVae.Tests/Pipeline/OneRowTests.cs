using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Encode and Decode of one row, without a data view: the same codes as in the column, counted from 0.</summary>
[TestClass]
public sealed class OneRowTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(3, true)]
    public void An_image_of_numbers_has_the_codes_and_the_reconstruction_of_its_row(int channels, bool interleaved)
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained(
            new ImageFormat(Tiny.Side, Tiny.Side, channels, interleaved, FromImages: false), codesPerPosition: channels, batchSize: 1);
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Decoded");
        float[][] images = [.. Enumerable.Range(0, 3).Select(number => Tiny.Pixels(number, channels))];
        IDataView data = interleaved
            ? _ml.Data.LoadFromEnumerable(images.Select(pixels => new Interleaved { Pixels = pixels }).ToArray())
            : _ml.Data.LoadFromEnumerable(images.Select(pixels => new Tiny.Row { Pixels = pixels }).ToArray());
        List<object[]> rows = Values.Read(codec.Transform(data), "Codes", "Decoded");
        for (int i = 0; i < images.Length; i++)
        {
            int[] codes = codec.Encode(images[i]);
            CollectionAssert.AreEqual(Array.ConvertAll((uint[])rows[i][0], key => (int)key - 1), codes);
            Close((float[])rows[i][1], codec.DecodePixels(codes));
            CollectionAssert.AreEqual(codec.DecodePixels(codes), decoder.DecodePixels(codes));
            byte[] packed = CodePacking.Pack(codes, codec.Codes);
            CollectionAssert.AreEqual(codes, CodePacking.Unpack(packed, codes.Length, codec.Codes));
        }
    }

    [TestMethod]
    public void An_MLImage_has_the_codes_of_its_pixels_and_comes_back_as_one()
    {
        using ImageVqVaeTransformer ofImages = Tiny.Untrained(
            new ImageFormat(Tiny.Side, Tiny.Side, 1, Interleaved: false, FromImages: true), batchSize: 1);
        // The same network on scaled numbers: a byte b is (b − 10) · 2 in the column.
        using ImageVqVaeTransformer ofNumbers = Tiny.Untrained(
            new ImageFormat(Tiny.Side, Tiny.Side, 1, Interleaved: false, FromImages: false, ImageOffset: 10, ImageScale: 2), batchSize: 1);
        for (int number = 0; number < 3; number++)
        {
            float[] pixels = Tiny.Pixels(number, 1);
            using MLImage image = Gray(pixels);
            int[] codes = ofImages.Encode(image);
            CollectionAssert.AreEqual(ofNumbers.Encode([.. pixels.Select(value => (value - 10) * 2)]), ofNumbers.Encode(image));

            using MLImage decoded = ofImages.Decode(codes);
            float[] expected = ofImages.DecodePixels(codes);
            Assert.AreEqual((Tiny.Side, Tiny.Side), (decoded.Height, decoded.Width));
            for (int i = 0; i < expected.Length; i++)
                Assert.AreEqual(expected[i], decoded.Pixels[4 * i], 0.5f + 1e-3f, $"pixel {i}");
            // Bytes of the other codec: a value v is the byte v / 2 + 10.
            using MLImage scaled = ofNumbers.Decode(codes);
            float[] values = ofNumbers.DecodePixels(codes);
            for (int i = 0; i < values.Length; i++)
                Assert.AreEqual(Math.Clamp(values[i] / 2 + 10, 0, 255), scaled.Pixels[4 * i], 0.5f + 1e-3f, $"pixel {i}");
        }
    }

    [TestMethod]
    public void Pictures_are_refused_where_the_values_of_the_training_data_are_not_those_of_bytes()
    {
        // As ExtractPixels(scaleImage: 1 / 255f) scales them, at first without saying so.
        Tiny.Row[] rows = Tiny.Rows(12);
        foreach (Tiny.Row row in rows)
            row.Pixels = [.. row.Pixels.Select(value => value * (1 / 255f))];
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        ImageVqVaeOptions options = Tiny.Options(steps: 3);
        using MLImage image = Gray(Tiny.Pixels(0, 1));
        using (ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data))
        using (ImageVqVaeDecoderTransformer decoder = codec.Decoder("Decoded"))
        {
            int[] codes = codec.Encode(rows[0].Pixels);
            foreach ((Func<object> call, string values) in (ReadOnlySpan<(Func<object>, string)>)
            [
                (() => codec.Decode(codes), "column 'Pixels'"), (() => codec.Encode(image), "column 'Pixels'"),
                (() => decoder.Decode(codes), "the training data"),
            ])
            {
                string message = Assert.ThrowsExactly<InvalidOperationException>(call).Message;
                Assert.Contains($"The values of {values} reach from 0 to ", message);
                Assert.Contains("ImageScale 1 are bytes from 0 to ", message);
            }
            Assert.HasCount(64, codec.DecodePixels(codes));
            CollectionAssert.AreEqual(codec.DecodePixels(codes), decoder.DecodePixels(codes));
        }

        options.ImageScale = 1 / 255f;
        using ImageVqVaeTransformer scaled = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
        int[] ofImage = scaled.Encode(image);
        CollectionAssert.AreEqual(scaled.Encode(rows[0].Pixels), ofImage);
        using MLImage decoded = scaled.Decode(ofImage);
        float[] pixels = scaled.DecodePixels(ofImage);
        for (int i = 0; i < pixels.Length; i++)
            Assert.AreEqual(Math.Clamp(pixels[i] * 255, 0, 255), decoded.Pixels[4 * i], 0.51f, $"pixel {i}");
    }

    [TestMethod]
    public void Wrong_images_and_codes_are_refused_with_what_was_expected()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        using ImageVqVaeTransformer ofImages = Tiny.Untrained(new ImageFormat(Tiny.Side, Tiny.Side, 1, Interleaved: false, FromImages: true));
        using ImageVqVaeTransformer ofFour = Tiny.Untrained(new ImageFormat(Tiny.Side, Tiny.Side, 4, Interleaved: false, FromImages: false));
        Assert.Contains("63 values; expected are 64", Assert.ThrowsExactly<ArgumentException>(() => codec.Encode(new float[63])).Message);
        float[] missing = new float[64];
        missing[5] = float.NaN;
        Assert.Contains("NaN in slot 5", Assert.ThrowsExactly<InvalidOperationException>(() => codec.Encode(missing)).Message);
        Assert.Contains("MLImage", Assert.ThrowsExactly<InvalidOperationException>(() => ofImages.Encode(new float[64])).Message);
        using MLImage small = MLImage.CreateFromPixels(4, 2, MLPixelFormat.Rgba32, new byte[32]);
        Assert.Contains("2×4 pixels; expected are 8×8", Assert.ThrowsExactly<InvalidOperationException>(() => codec.Encode(small)).Message);
        Assert.Throws<ArgumentException>(() => ofImages.Encode(small));
        Assert.Contains("15 codes; expected are 16", Assert.ThrowsExactly<ArgumentException>(() => codec.Decode(new int[15])).Message);
        int[] keys = [.. Enumerable.Repeat(0, 15), Tiny.Codes];
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => codec.DecodePixels(keys)).Message;
        Assert.Contains("at index 15 is not from 0 to 5", message);
        Assert.Contains("start at 1", message);
        Assert.Contains("DecodePixels", Assert.ThrowsExactly<InvalidOperationException>(() => ofFour.Decode(new int[16])).Message);
        codec.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => codec.Encode(new float[64]));
        Assert.ThrowsExactly<ObjectDisposedException>(() => codec.Decode(new int[16]));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_waveform_has_the_codes_and_the_sound_of_its_row(bool withSpeakers)
    {
        AudioVqVaeOptions options = TinySpeech.Options();
        (options.SpeakerColumnName, options.PredictionBatchSize) = (withSpeakers ? "Speaker" : null, 1);
        using AudioVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml));
        using AudioVqVaeDecoderTransformer decoder = codec.Decoder("Decoded");
        TinySpeech.Row[] rows = TinySpeech.Rows(3);
        List<object[]> values = Values.Read(decoder.Transform(codec.Transform(TinySpeech.Data(_ml, rows))), "Codes", "Decoded");
        for (int i = 0; i < rows.Length; i++)
        {
            string? speaker = withSpeakers ? rows[i].Speaker : null;
            int[] codes = codec.Encode(rows[i].Waveform, speaker);
            CollectionAssert.AreEqual(Array.ConvertAll((uint[])values[i][0], key => (int)key - 1), codes);
            CollectionAssert.AreEqual((float[])values[i][1], codec.Decode(codes, speaker));
            CollectionAssert.AreEqual((float[])values[i][1], decoder.Decode(codes, speaker));
        }
        Assert.IsEmpty(codec.Encode([]));
        if (!withSpeakers)
        {
            Assert.Contains("without a column of speakers", Assert.ThrowsExactly<ArgumentException>(() => codec.Encode([0, 0], "low")).Message);
            return;
        }
        // Somebody else's speech is encoded too, but decoding needs a voice.
        Assert.IsNotEmpty(codec.Encode(rows[0].Waveform));
        Assert.Contains("'low', 'high'", Assert.ThrowsExactly<ArgumentException>(() => codec.Decode([0])).Message);
        Assert.Contains("'low', 'high'", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => codec.Decode([0], "other")).Message);
    }

    [TestMethod]
    public void Codes_of_cepstra_cannot_be_decoded_to_sound()
    {
        AudioVqVaeOptions options = TinySpeech.Options(new Networks.MelCodecOptions
        {
            SampleRate = TinySpeech.SampleRate, Outputs = Networks.SpeechFeatures.Mfcc, Bands = 20, Coefficients = 8, EncoderChannels = 8,
            DecoderChannels = 8,
        }, steps: 3);
        using AudioVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml));
        Assert.IsNotEmpty(codec.Encode(TinySpeech.Rows(1)[0].Waveform));
        Assert.Contains("LogMel", Assert.ThrowsExactly<InvalidOperationException>(() => codec.Decode([0], "low")).Message);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_series_has_the_codes_and_the_numbers_of_its_row(bool isFixed)
    {
        SeriesVqVaeOptions options = TinySeries.Options();
        (options.VectorQuantizer.CodesPerPosition, options.PredictionBatchSize) = (2, 1);
        IDataView data = TinySeries.Data(_ml, isFixed: isFixed);
        using SeriesVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", options).Fit(data);
        using SeriesVqVaeDecoderTransformer decoder = codec.Decoder("Again");
        foreach (object[] row in Values.Read(decoder.Transform(codec.Transform(data)), "Window", "Codes", "Again").Take(3))
        {
            int[] codes = codec.Encode((float[])row[0]);
            CollectionAssert.AreEqual(Array.ConvertAll((uint[])row[1], key => (int)key - 1), codes);
            Close((float[])row[2], codec.Decode(codes));
            CollectionAssert.AreEqual(codec.Decode(codes), decoder.Decode(codes));
        }
        if (isFixed)
            Assert.Contains("10 values; expected are 124", Assert.ThrowsExactly<ArgumentException>(() => codec.Encode(new float[10])).Message);
        else
            Assert.Contains("multiple of 2", Assert.ThrowsExactly<InvalidOperationException>(() => codec.Encode(new float[7])).Message);
    }

    [TestMethod]
    public void A_transformer_says_what_it_is()
    {
        IDataView data = Tiny.Data(_ml, 8);
        using ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options()).Fit(data);
        string[] card = codec.ToString().Split('\n');
        Assert.HasCount(3, card);
        Assert.AreEqual("Image VQ-VAE, encoder: 'Pixels' (8×8 pixels of 1 channel, planar) → 'Codes' (4×4×1 codes of 6 (VectorQuantizer))", card[0]);
        long parameters = codec.Network.parameters().Sum(parameter => parameter.numel());
        Assert.AreEqual(FormattableString.Invariant($"{parameters:N0} parameters, on cpu"), card[1]);
        Assert.StartsWith("Trained for 5 of 5 steps in 0:00:0", card[2]);
        Assert.Contains(FormattableString.Invariant($"loss {codec.TrainingSummary!.Last.Loss:G4}, perplexity "), card[2]);
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Decoded");
        Assert.StartsWith("Image VQ-VAE, decoder: 'Codes' (4×4×1 codes of 6 (VectorQuantizer)) → 'Decoded'", decoder.ToString());
        Assert.HasCount(2, decoder.ToString().Split('\n'));
        decoder.Dispose();
        codec.Dispose();
        Assert.AreEqual(card[0], codec.ToString().Split('\n')[0]);
    }

    static MLImage Gray(float[] pixels) => MLImage.CreateFromPixels(
        Tiny.Side, Tiny.Side, MLPixelFormat.Rgba32, [.. pixels.SelectMany(value => (byte[])[(byte)value, (byte)value, (byte)value, 255])]);

    static void Close(float[] expected, float[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], 1e-3f * (1 + Math.Abs(expected[i])), $"value {i}");
    }

    sealed class Interleaved
    {
        [VectorType(Tiny.Side, Tiny.Side, 3)]
        public float[] Pixels { get; set; } = [];
    }
}
