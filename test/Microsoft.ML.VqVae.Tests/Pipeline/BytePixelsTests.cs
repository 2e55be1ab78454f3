using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Onnx;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Columns of bytes, as ExtractPixels outputs them with outputAsFloatArray: false, are read as the numbers that they stand for.</summary>
[TestClass]
public class BytePixelsTests
{
    const int Count = 24;

    readonly MLContext _ml = new(seed: 1);

    sealed class ByteRow
    {
        [VectorType(Tiny.Side, Tiny.Side, 3)]
        public byte[] Pixels { get; set; } = [];
    }

    sealed class NumberRow
    {
        [VectorType(Tiny.Side, Tiny.Side, 3)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class PictureRow
    {
        [ImageType(Tiny.Side, Tiny.Side)]
        public MLImage? Picture { get; set; }
    }

    static byte[] Bytes(int number) => [.. Tiny.Pixels(number, 3).Select(value => (byte)value)];

    IDataView OfBytes() => _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Count).Select(number => new ByteRow { Pixels = Bytes(number) }).ToArray());

    IDataView OfNumbers(float offset = 0, float scale = 1) => _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Count).Select(number =>
        new NumberRow { Pixels = [.. Bytes(number).Select(value => (value - offset) * scale)] }).ToArray());

    static ImageVqVaeOptions Options() => new()
    {
        Codec = Tiny.Codec(3), VectorQuantizer = { Codes = 8, Dimensions = 4 }, ReconstructionColumnName = "Decoded",
        Training = { Steps = 20, BatchSize = 8, Seed = 1 },
    };

    [TestMethod]
    public void A_codec_of_bytes_is_that_of_the_same_numbers_and_takes_both()
    {
        using ImageVqVaeTransformer bytes = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options()).Fit(OfBytes());
        using ImageVqVaeTransformer numbers = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options()).Fit(OfNumbers());
        List<object[]> expected = Values.Read(numbers.Transform(OfNumbers()), "Codes", "Decoded");
        Assert.IsGreaterThan(1, expected.SelectMany(row => (uint[])row[0]).Distinct().Count());
        Values.AreEqual(expected, Values.Read(bytes.Transform(OfBytes()), "Codes", "Decoded"));
        Values.AreEqual(expected, Values.Read(bytes.Transform(OfNumbers()), "Codes", "Decoded"));
        Values.AreEqual(expected, Values.Read(numbers.Transform(OfBytes()), "Codes", "Decoded"));
        Assert.AreEqual(
            VqVaeMetrics.Evaluate(numbers.Transform(OfNumbers()), "Codes", "Pixels", "Decoded").MeanSquaredError,
            VqVaeMetrics.Evaluate(bytes.Transform(OfBytes()), "Codes", "Pixels", "Decoded").MeanSquaredError);

        using var engine = _ml.Model.CreatePredictionEngine<ByteRow, Coded>(bytes);
        CollectionAssert.AreEqual((uint[])expected[3][0], engine.Predict(new ByteRow { Pixels = Bytes(3) }).Codes);
    }

    [TestMethod]
    public void Bytes_are_scaled_as_the_numbers_of_the_training_data_are()
    {
        ImageVqVaeOptions options = Options();
        (options.ImageOffset, options.ImageScale) = (127.5f, 1 / 127.5f);
        using ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(OfNumbers(127.5f, 1 / 127.5f));
        Values.AreEqual(Values.Read(codec.Transform(OfNumbers(127.5f, 1 / 127.5f)), "Codes", "Decoded"),
            Values.Read(codec.Transform(OfBytes()), "Codes", "Decoded"));

        using var file = new OnnxFile(codec, OfBytes(), "Codes", "Decoded");
        file.AssertEqual(codec.Transform(OfBytes()), OfBytes(), "Codes", "Decoded");
    }

    [TestMethod]
    public void Pixels_of_pictures_are_bytes_on_request()
    {
        // Pictures are made anew for each pass: ML.NET disposes of those that it has read.
        IDataView pictures = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Count).Select(number => new PictureRow { Picture = Picture(number) }));
        var pipeline = _ml.Transforms.ExtractPixels("Pixels", "Picture", interleavePixelColors: true, outputAsFloatArray: false)
            .Append(_ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options()));
        using TransformerChain<ImageVqVaeTransformer> model = pipeline.Fit(pictures);
        using ImageVqVaeTransformer numbers = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options()).Fit(OfNumbers());
        Values.AreEqual(Values.Read(numbers.Transform(OfNumbers()), "Codes"), Values.Read(model.Transform(pictures), "Codes"));

        static MLImage Picture(int number)
        {
            byte[] pixels = Bytes(number);
            byte[] rgba = [.. Enumerable.Range(0, Tiny.Side * Tiny.Side).SelectMany(i => (byte[])[.. pixels[(3 * i)..(3 * i + 3)], 255])];
            return MLImage.CreateFromPixels(Tiny.Side, Tiny.Side, MLPixelFormat.Rgba32, rgba);
        }
    }

    sealed class Coded
    {
        public uint[] Codes { get; set; } = [];
    }
}
