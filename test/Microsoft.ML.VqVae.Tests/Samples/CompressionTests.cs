using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Compression;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Tests.Pipeline;
using SkiaSharp;

namespace Microsoft.ML.VqVae.Tests.Samples;

/// <summary>The samples that compress a folder of images to a file, and decompress it.</summary>
[TestClass]
public sealed class CompressionTests : IDisposable
{
    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Images of noise on a ramp, whose files are written in no order.</summary>
    string WriteImages(int count)
    {
        string folder = Directory.CreateDirectory(_folder.File("photos")).FullName;
        foreach (int number in Enumerable.Range(0, count).Reverse())
        {
            var canvas = new Canvas(32, 32);
            // Noise, so that no two patches are the same, which two codes might fit equally well.
            var random = new Random(number);
            for (int i = 0; i < 32 * 32; i++)
            {
                var color = new Color((byte)random.Next(99), (byte)(random.Next(99) + 5 * number), (byte)(4 * (i % 32)));
                canvas.Fill(i % 32, i / 32, 1, 1, color);
            }
            canvas.Save(Path.Combine(folder, $"photo{number:00}.png"));
        }
        return folder;
    }

    string WriteModel(string folder)
    {
        IDataView data = ImageFolder.OpenFlat(_ml, folder, skipUnreadable: false).Train;
        using ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options(3)).Fit(data);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options(3)).Fit(codec.Transform(data));
        string path = _folder.File("model.zip");
        _ml.Model.Save(new TransformerChain<ITransformer>(codec, prior), data.Schema, path);
        return path;
    }

    static JsonElement Metrics(string folder) =>
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(folder, "metrics.json")));

    [TestMethod]
    public void A_folder_of_images_becomes_a_file_and_the_file_becomes_images()
    {
        const int count = 12;
        string images = WriteImages(count), model = WriteModel(images);
        string compressed = _folder.File("compressed"), decompressed = _folder.File("decompressed");
        var settings = new CompressSettings { DataFolder = images, ModelFile = model, OutputFolder = compressed };
        Assert.AreEqual(0, new CompressSample(settings, CancellationToken.None).Run());
        JsonElement metrics = Metrics(compressed);
        Assert.AreEqual(count, metrics.GetProperty("images").GetInt32());
        Assert.IsTrue(metrics.GetProperty("lossless").GetBoolean());
        string file = Path.Combine(compressed, CompressSample.FileName);
        Assert.AreEqual(new FileInfo(file).Length, metrics.GetProperty("bytes").GetInt64());
        // 12 images of 256 codes: what is not bits of the prior are 68 + 20 + 28 bytes of the container.
        double expected = metrics.GetProperty("prior_bits_per_image").GetDouble() / 8 * count + 116;
        Assert.AreEqual(expected, metrics.GetProperty("bytes").GetInt64(), 3);
        Assert.AreEqual(4, metrics.GetProperty("at_equal_psnr").GetArrayLength());
        Assert.IsTrue(File.Exists(Path.Combine(compressed, "formats.png")));
        Assert.IsFalse(File.Exists(file + ".tmp"));

        // An earlier file had more images.
        string later = _folder.Write("decompressed/images/000012.png", [1]), kept = _folder.Write("decompressed/images/cover.png", [1]);
        Assert.AreEqual(0, new DecompressSample(
            new DecompressSettings { DataFolder = file, ModelFile = model, OutputFolder = decompressed }, CancellationToken.None).Run());
        Assert.AreEqual(count, Metrics(decompressed).GetProperty("images").GetInt64());
        Assert.IsFalse(File.Exists(later));
        Assert.IsTrue(File.Exists(kept));
        using CompressionModel loaded = CompressionModel.Open(_ml, model);
        using ImageVqVaeDecoderTransformer decoder = loaded.Codec.Decoder("Decoded");
        IDataView decoded = decoder.Transform(loaded.Codec.Transform(ImageFolder.OpenFlat(_ml, images, skipUnreadable: false).Train));
        List<object[]> pixels = Values.Read(decoded, "Decoded");
        for (int number = 0; number < count; number++)
        {
            using var png = SKBitmap.Decode(Path.Combine(decompressed, "images", $"{number:D6}.png"));
            float[] planar = (float[])pixels[number][0];
            SKColor color = png.GetPixel(3, 20);
            CollectionAssert.AreEqual(
                Enumerable.Range(0, 3).Select(channel => ImageError.Level(planar[(channel * 32 + 20) * 32 + 3])).ToArray(),
                new[] { color.Red, color.Green, color.Blue }, $"image {number}");
        }
    }

    [TestMethod]
    public void Images_that_cannot_be_read_are_left_out_on_request()
    {
        string images = WriteImages(3), model = WriteModel(images);
        File.WriteAllBytes(Path.Combine(images, "photo01.png"), []);
        var settings = new CompressSettings { DataFolder = images, ModelFile = model, OutputFolder = _folder.File("compressed") };
        Assert.Contains("--skip-unreadable", Assert.ThrowsExactly<DataSetException>(
            () => new CompressSample(settings, CancellationToken.None).Run()).Message);
        Assert.AreEqual(0, new CompressSample(settings with { SkipUnreadable = true }, CancellationToken.None).Run());
        Assert.AreEqual(2, Metrics(_folder.File("compressed")).GetProperty("images").GetInt32());
    }

    [TestMethod]
    public void What_is_missing_is_named()
    {
        string images = WriteImages(2);
        string Complaint(CompressSettings settings) => Assert.ThrowsExactly<DataSetException>(
            () => new CompressSample(settings with { OutputFolder = _folder.File("out") }, CancellationToken.None).Run()).Message;
        Assert.Contains("give a trained --model", Complaint(new() { DataFolder = images }));
        Assert.Contains("no.zip', given as --model, does not exist", Complaint(new() { DataFolder = images, ModelFile = "no.zip" }));
        IDataView data = Tiny.Data(_ml, 3);
        _ml.Model.Save(_ml.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(data), data.Schema, _folder.File("label.zip"));
        Assert.Contains("does not hold both a codec of images and a prior",
            Complaint(new() { DataFolder = images, ModelFile = _folder.File("label.zip") }));
        Assert.Contains("no.vqc', given as --data, does not exist", Assert.ThrowsExactly<DataSetException>(() => new DecompressSample(
            new() { DataFolder = "no.vqc", OutputFolder = _folder.File("out") }, CancellationToken.None).Run()).Message);
    }

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(1, true)]
    [DataRow(3, false)]
    [DataRow(3, true)]
    public void Other_formats_are_measured_at_the_quality_asked_for(int channels, bool oneFile)
    {
        var shape = new ImageShape(channels, 20, 28);
        // Smooth images of different brightness: a place that is confused would be a large error.
        float[][] images = [.. Enumerable.Range(0, 7).Select(number => Enumerable.Range(0, shape.Values).Select(i =>
            (float)Math.Round(30 * number + 20 + 15 * Math.Sin(i % 560 / 28 / 5.0) + 10 * Math.Cos(i % 28 / 6.0))).ToArray())];
        foreach (SKEncodedImageFormat format in (SKEncodedImageFormat[])[SKEncodedImageFormat.Jpeg, SKEncodedImageFormat.Webp])
        {
            var rival = new RivalFormat(format, shape, images, oneFile, CancellationToken.None);
            RivalResult fine = rival.AtPsnr(36), finest = rival.AtPsnr(200);
            Assert.IsGreaterThanOrEqualTo(36, fine.Psnr);
            Assert.IsGreaterThan(38, finest.Psnr);
            Assert.AreEqual(100, finest.Quality);
            Assert.IsLessThan(finest.BytesPerImage, fine.BytesPerImage);
            Assert.IsTrue(fine.Images.All(image => image.Length == shape.Values));
            RivalResult small = rival.AtBytes(fine.BytesPerImage);
            Assert.IsLessThanOrEqualTo(fine.BytesPerImage, small.BytesPerImage);
            Assert.AreEqual(0, rival.AtBytes(1).Quality);
        }
    }

    [TestMethod]
    public void The_psnr_is_that_of_whole_numbers()
    {
        // Differences of 0, 1 and 2 after rounding: 5 / 3 per value.
        Assert.AreEqual(10 * Math.Log10(255 * 255 * 3 / 5.0), ImageError.Psnr([[1, 2, 300]], [[1.4f, 3.2f, 253.4f]]), 1e-9);
    }

    [TestMethod]
    public void Images_of_all_classes_are_shown_in_turn()
    {
        CollectionAssert.AreEqual((int[])[2, 0, 3, 1, 4], CompressSample.Choose(["b", "b", "a", "c", "b"]));
        Assert.HasCount(10, CompressSample.Choose([.. Enumerable.Repeat("", 20)]));
    }
}
