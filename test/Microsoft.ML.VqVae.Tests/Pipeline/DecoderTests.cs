using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>From codes back to pixels.</summary>
[TestClass]
public class DecoderTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void Decoded_codes_are_the_reconstruction(int codesPerPosition)
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained(codesPerPosition: codesPerPosition);
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView codes = encoder.Transform(Tiny.Data(_ml, 20));
        IDataView decoded = decoder.Transform(codes);
        Assert.AreEqual(codes.Schema["Decoded"].Type, decoded.Schema["Again"].Type);
        Values.AreEqual(Values.Read(decoded, "Decoded"), Values.Read(decoded, "Again"), 1e-3);
        Values.AreEqual(Values.Read(decoded, "Again"), Values.ReadByMapper(decoder, codes, "Again"), 1e-3);
    }

    [TestMethod]
    public void Pictures_are_decoded_on_request()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained(new ImageFormat(8, 8, 1, false, false));
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Picture", asImage: true);
        IDataView decoded = decoder.Transform(encoder.Transform(Tiny.Data(_ml, 3)));
        foreach (object[] row in Values.Read(decoded, "Decoded", "Picture"))
        {
            for (int i = 0; i < 64; i++)
                Assert.AreEqual(((float[])row[0])[i], ((byte[])row[1])[4 * i], 0.51);
        }
    }

    [TestMethod]
    [DataRow(0f, 1 / 255f, "bytes from 0 to 1")]
    [DataRow(127.5f, 1 / 127.5f, "bytes from -1 to 1")]
    public void Pictures_of_scaled_pixels_need_the_scale(float offset, float scale, string found)
    {
        // As ExtractPixels scales them to 0 to 1 or −1 to 1: taken as bytes, all are black.
        Tiny.Row[] bytes = Tiny.Rows(12);
        (bytes[0].Pixels[0], bytes[0].Pixels[1]) = (0, 255);
        IDataView scaled = _ml.Data.LoadFromEnumerable(bytes.Select(row => new Tiny.Row
        {
            Pixels = [.. row.Pixels.Select(value => (value - offset) * scale)],
        }).ToArray());
        ImageVqVaeOptions options = Tiny.Options(steps: 3);
        using ImageVqVaeTransformer unscaled = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(scaled);
        using (ImageVqVaeDecoderTransformer vectors = unscaled.Decoder("Again"))
            Assert.HasCount(12, Values.Read(vectors.Transform(unscaled.Transform(scaled)), "Again"));
        RequireAdvice(() => unscaled.Decoder("Picture", asImage: true));
        (options.ReconstructionColumnName, options.ReconstructionAsImage) = ("Decoded", true);
        var progress = new List<long>();
        options.Training.Progress = new Listener(progress.Add);
        RequireAdvice(() => _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(scaled));
        Assert.IsEmpty(progress, "before training");

        (options.ImageOffset, options.ImageScale) = (offset, scale);
        using ImageVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(scaled);
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Picture", asImage: true);
        using ImageVqVaeDecoderTransformer values = encoder.Decoder("Again");
        foreach (object[] row in Values.Read(values.Transform(decoder.Transform(encoder.Transform(scaled))), "Again", "Picture", "Decoded"))
        {
            for (int i = 0; i < 64; i++)
            {
                Assert.AreEqual(((float[])row[0])[i] / scale + offset, ((byte[])row[1])[4 * i], 0.51);
                Assert.AreEqual(((byte[])row[1])[4 * i], ((byte[])row[2])[4 * i]);
            }
        }

        void RequireAdvice(Action action)
        {
            string message = Assert.ThrowsExactly<InvalidOperationException>(action).Message;
            string[] parts =
                ["column 'Pixels'", found, "pictures (MLImage)", "Set ImageOffset and ImageScale to those of ExtractPixels"];
            foreach (string part in parts)
                StringAssert.Contains(message, part);
        }
    }

    sealed class Listener(Action<long> action) : IProgress<VqVae.Training.TrainingProgress>
    {
        public void Report(VqVae.Training.TrainingProgress value) => action(value.Step);
    }

    [TestMethod]
    public void A_decoder_outlives_its_encoder()
    {
        ImageVqVaeTransformer encoder = Tiny.Untrained();
        IDataView codes = _ml.Data.Cache(encoder.Transform(Tiny.Data(_ml, 3)), "Codes");
        Values.Read(codes, "Codes");
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        encoder.Dispose();
        Assert.HasCount(3, Values.Read(decoder.Transform(codes), "Again"));
        Assert.ThrowsExactly<ObjectDisposedException>(() => encoder.Decoder("More"));
    }

    sealed class Row
    {
        [VectorType(16), KeyType(Tiny.Codes)]
        public uint[] Codes { get; set; } = [.. Enumerable.Repeat(1u, 16)];
    }

    sealed class OtherRow
    {
        [VectorType(16), KeyType(Tiny.Codes + 1)]
        public uint[] Codes { get; set; } = new uint[16];
    }

    [TestMethod]
    public void A_missing_key_is_refused()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        var bad = new Row();
        bad.Codes[7] = 0;
        IDataView codes = _ml.Data.LoadFromEnumerable([new Row(), bad]);
        InvalidOperationException exception =
            Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(decoder.Transform(codes), "Again"));
        Assert.Contains("Row 1 of codes column 'Codes' has no code in slot 7", exception.Message);
    }

    [TestMethod]
    public void Codes_of_another_codebook_are_refused()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView codes = _ml.Data.LoadFromEnumerable([new OtherRow()]);
        ArgumentOutOfRangeException exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => decoder.Transform(codes));
        Assert.Contains("Schema mismatch for codes column 'Codes'", exception.Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => encoder.Decoder("Again", "Missing").GetOutputSchema(codes.Schema));
    }
}
