using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Planar, interleaved, flat, or a picture: the same image has the same codes, and comes back as it went in.</summary>
[TestClass]
public class LayoutTests
{
    const int Count = 6, Size = 3 * Tiny.Side * Tiny.Side;

    readonly MLContext _ml = new(seed: 1);

    sealed class Colour
    {
        [VectorType(Size)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class Picture
    {
        [ImageType(Tiny.Side, Tiny.Side)]
        public MLImage? Pixels { get; set; }
    }

    static float[] Planar(int number) => [.. Tiny.Pixels(number, 3).Select(value => MathF.Round(value))];

    static float[] Interleaved(int number)
    {
        float[] planar = Planar(number);
        return [.. Enumerable.Range(0, Size).Select(i => planar[i % 3 * 64 + i / 3])];
    }

    static MLImage Image(int number)
    {
        float[] interleaved = Interleaved(number);
        byte[] rgba = [.. Enumerable.Range(0, 64)
            .SelectMany(i => (byte[])[(byte)interleaved[3 * i], (byte)interleaved[3 * i + 1], (byte)interleaved[3 * i + 2], 255])];
        return MLImage.CreateFromPixels(Tiny.Side, Tiny.Side, MLPixelFormat.Rgba32, rgba);
    }

    IDataView Vectors(Func<int, float[]> pixels) =>
        _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Count).Select(number => new Colour { Pixels = pixels(number) }).ToArray());

    IDataView Pictures() =>
        _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Count).Select(number => new Picture { Pixels = Image(number) }).ToArray());

    [TestMethod]
    public void The_same_image_has_the_same_codes_in_any_layout()
    {
        using ImageVqVaeTransformer planar = Tiny.Untrained(new ImageFormat(8, 8, 3, false, false));
        using ImageVqVaeTransformer interleaved = Tiny.Untrained(new ImageFormat(8, 8, 3, true, false));
        using ImageVqVaeTransformer pictures = Tiny.Untrained(new ImageFormat(8, 8, 3, false, true));
        List<object[]> expected = Values.Read(planar.Transform(Vectors(Planar)), "Codes", "Embeddings", "Error", "Decoded");
        List<object[]> other = Values.Read(interleaved.Transform(Vectors(Interleaved)), "Codes", "Embeddings", "Error", "Decoded");
        Assert.IsGreaterThan(3, expected.SelectMany(row => (uint[])row[0]).Distinct().Count());
        Values.AreEqual([.. expected.Select(row => row[..3])], [.. other.Select(row => row[..3])]);
        Values.AreEqual(expected, Values.Read(pictures.Transform(Pictures()), "Codes", "Embeddings", "Error", "Decoded"));
        for (int row = 0; row < Count; row++)
        {
            float[] first = (float[])expected[row][3], second = (float[])other[row][3];
            for (int i = 0; i < Size; i++)
                Assert.AreEqual(first[i % 3 * 64 + i / 3], second[i]);
        }
    }

    [TestMethod]
    public void Reconstructed_pictures_hold_the_reconstructed_values()
    {
        var names = new EncoderColumns("Pixels", "Codes", "Decoded", ReconstructionAsImage: true, null, null);
        using ImageVqVaeTransformer vectors = Tiny.Untrained(new ImageFormat(8, 8, 3, false, true));
        using ImageVqVaeTransformer pictures = Tiny.Untrained(new ImageFormat(8, 8, 3, false, true), names);
        List<object[]> values = Values.Read(vectors.Transform(Pictures()), "Decoded"),
            bytes = Values.Read(pictures.Transform(Pictures()), "Decoded");
        for (int row = 0; row < Count; row++)
        {
            float[] expected = (float[])values[row][0];
            byte[] actual = (byte[])bytes[row][0];
            for (int i = 0; i < 4 * 64; i++)
                Assert.AreEqual(i % 4 == 3 ? 255 : expected[i % 4 * 64 + i / 4], actual[i], 0.51);
        }
    }

    [TestMethod]
    [DataRow("Decoded")]
    [DataRow("Again")]
    public void A_gray_codec_has_the_same_bits_per_dimension_on_pictures_as_on_their_brightness(string reconstruction)
    {
        var names = new EncoderColumns("Pixels", "Codes", "Decoded", ReconstructionAsImage: false, null, null, "Bits");
        using ImageVqVaeTransformer vectors = Tiny.Untrained(new ImageFormat(8, 8, 1, false, false), names);
        using ImageVqVaeTransformer pictures = Tiny.Untrained(
            new ImageFormat(8, 8, 1, false, true), names with { ReconstructionAsImage = true });
        using ImageVqVaeDecoderTransformer asVectors = vectors.Decoder("Again"), asPictures = pictures.Decoder("Again", asImage: true);
        IDataView brightness = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, Count).Select(number =>
        {
            var row = new Tiny.Row { Pixels = new float[64] };
            using MLImage image = Image(number);
            Planes.FromBytes(image.Pixels, row.Pixels, 1, 0, 1, 2);
            return row;
        }).ToArray());
        // Made anew for each pass: ML.NET disposes of those that it has read.
        IDataView colors = _ml.Data.LoadFromEnumerable(
            Enumerable.Range(0, Count).Select(number => new Picture { Pixels = Image(number) }));
        VqVaeMetrics Evaluate(ITransformer codec, ITransformer decoder, IDataView data) => VqVaeMetrics.Evaluate(
            decoder.Transform(codec.Transform(data)), "Codes", "Pixels", reconstruction, reconstructionBitsColumnName: "Bits");

        VqVaeMetrics expected = Evaluate(vectors, asVectors, brightness), found = Evaluate(pictures, asPictures, colors);
        Assert.AreEqual(64, found.ValuesPerRow);
        Assert.AreEqual(expected.BitsPerDimension, found.BitsPerDimension);
        Assert.AreEqual(expected.ReconstructionBitsPerDimension!.Value, found.ReconstructionBitsPerDimension!.Value, 1e-4);
        Assert.AreEqual(expected.DataVariance, found.DataVariance, 1e-3 * expected.DataVariance);
        // The bytes of pictures are rounded.
        Assert.AreEqual(expected.MeanSquaredError, found.MeanSquaredError, 0.01 * expected.MeanSquaredError);
    }

    [TestMethod]
    public void Scaled_pixels_become_the_bytes_that_they_were_made_of()
    {
        // As ExtractPixels(offsetImage: 127.5, scaleImage: 1 / 127.5) scales them.
        var format = new ImageFormat(8, 8, 1, false, false, ImageOffset: 127.5f, ImageScale: 1 / 127.5f);
        byte[] rgba = new byte[256];
        Planes.ToBytes([.. Enumerable.Range(0, 64).Select(b => (b * 4 - 127.5f) / 127.5f)], rgba, format);
        for (int i = 0; i < 64; i++)
            Assert.AreEqual((i * 4, i * 4, i * 4, 255), (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]));
    }

    [TestMethod]
    public void A_grey_network_reads_the_brightness_of_pictures()
    {
        byte[] rgba = [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 77, 77, 77, 255];
        float[] planar = new float[4];
        Planes.FromBytes(rgba, planar, 1, 0, 1, 2);
        Assert.AreEqual(0.299f * 255, planar[0], 1e-3);
        Assert.AreEqual(0.587f * 255, planar[1], 1e-3);
        Assert.AreEqual(0.114f * 255, planar[2], 1e-3);
        Assert.AreEqual(77, planar[3], "Grey stays what it is, to the bit.");
    }

    [TestMethod]
    [DataRow(new[] { 3, 8, 16 }, 8, 16, 3, false)]
    [DataRow(new[] { 8, 16, 3 }, 8, 16, 3, true)]
    [DataRow(new[] { 1, 28, 28 }, 28, 28, 1, false)]
    [DataRow(new[] { 8, 16 }, 8, 16, 1, false)]
    [DataRow(new[] { 784 }, 28, 28, 1, false)]
    [DataRow(new[] { 3072 }, 32, 32, 3, false)]
    [DataRow(new[] { 2352 }, 28, 28, 3, false)]
    public void Sizes_are_taken_from_the_column(int[] dimensions, int height, int width, int channels, bool interleaved)
    {
        ImageFormat format = Resolve(new ImageVqVaeOptions(), dimensions);
        Assert.AreEqual((height, width, channels, interleaved), (format.Height, format.Width, format.Channels, format.Interleaved));
    }

    [TestMethod]
    public void Sizes_are_taken_from_the_options_where_the_column_does_not_tell()
    {
        ImageVqVaeOptions options = new() { Codec = { Height = 8, Width = 16 } };
        Assert.AreEqual(new ImageFormat(8, 16, 5, false, false), Resolve(options, 8 * 16 * 5));
        options = new() { Codec = { Height = 8, Channels = 2 }, Layout = PixelLayout.Interleaved };
        Assert.AreEqual(new ImageFormat(8, 16, 2, true, false), Resolve(options, 8 * 16 * 2));
        options = new() { Layout = PixelLayout.Planar };
        Assert.AreEqual(new ImageFormat(4, 4, 4, false, false), Resolve(options, 4, 4, 4));
        options = new() { Codec = { Channels = 7 } };
        Assert.AreEqual(new ImageFormat(8, 16, 7, true, false), Resolve(options, 8, 16, 7));
    }

    [TestMethod]
    public void Sizes_that_nothing_tells_are_asked_for()
    {
        Refused(new ImageVqVaeOptions(), "Codec.Height", 8 * 16 * 3);
        Refused(new ImageVqVaeOptions(), "Codec.Height", 7 * 8);
        Refused(new ImageVqVaeOptions { Codec = { Channels = 1 } }, "Codec.Height", 20 * 21);
        Assert.Contains("set Height, Width and Channels", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => PixelInput.Resolve(Column(new VectorDataViewType(NumberDataViewType.Single, 20 * 21)), new ImageFeatureOptions().Pixels)).Message);
        Refused(new ImageVqVaeOptions(), "Layout", 4, 4, 4);
        Refused(new ImageVqVaeOptions { Codec = { Height = 9 } }, "height 9", 3, 8, 8);
        Refused(new ImageVqVaeOptions { Layout = PixelLayout.Interleaved, Codec = { Channels = 3 } }, "Interleaved", 3, 8, 8);
        Refused(new ImageVqVaeOptions { Codec = { Height = 8, Width = 9, Channels = 1 } }, "width 9", 64);
        Refused(new ImageVqVaeOptions(), "[C, H, W]", 10, 11, 12);
    }

    static void Refused(ImageVqVaeOptions options, string word, params int[] dimensions) =>
        Assert.Contains(word, Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Resolve(options, dimensions)).Message);

    [TestMethod]
    public void The_size_of_pictures_comes_from_their_type_or_the_options()
    {
        Assert.AreEqual(new ImageFormat(8, 16, 3, false, true), Resolve(new ImageVqVaeOptions(), new ImageDataViewType(8, 16)));
        Assert.AreEqual(new ImageFormat(8, 16, 1, false, true),
            Resolve(new ImageVqVaeOptions { Codec = { Height = 8, Width = 16, Channels = 1 } }, new ImageDataViewType()));
        foreach (ImageVqVaeOptions options in (ImageVqVaeOptions[])[new(), new() { Codec = { Height = 8, Width = 16, Channels = 4 } }])
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Resolve(options, new ImageDataViewType()));
    }

    static ImageFormat Resolve(ImageVqVaeOptions options, params int[] dimensions) =>
        Resolve(options, new VectorDataViewType(NumberDataViewType.Single, dimensions));

    static ImageFormat Resolve(ImageVqVaeOptions options, DataViewType type) => PixelInput.Resolve(Column(type), options.Pixels);

    static DataViewSchema.Column Column(DataViewType type)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Pixels", type);
        return builder.ToSchema()["Pixels"];
    }
}
