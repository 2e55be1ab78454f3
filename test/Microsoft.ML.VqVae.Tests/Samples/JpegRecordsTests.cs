using System.IO.Compression;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class JpegRecordsTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Records_become_planar_pixels_with_their_class()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, "train", Record(0, 200, 30, 90), Record(9, 10, 220, 40));
        Write(folder.Path, "test", Record(3, 0, 0, 255));

        ImageData data = ImageDataSets.Open(_ml, folder.Path);

        Assert.AreEqual((2, 1, new ImageShape(3, 32, 32)), (data.TrainRows, data.TestRows, data.Shape));
        LabelledImage[] train = [.. _ml.Data.CreateEnumerable<LabelledImage>(data.Train, reuseRowObject: false, ignoreMissingColumns: true)];
        CollectionAssert.AreEqual(new[] { "airplane", "truck" }, train.Select(image => image.Class).ToArray());
        AssertFlat(train[0].Pixels, 200, 30, 90);
        AssertFlat(train[1].Pixels, 10, 220, 40);
    }

    [TestMethod]
    public void A_file_that_was_cut_short_is_named_with_the_record()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = Record(1, 9, 9, 9);
        Write(folder.Path, "train", whole, whole[..^5]);
        Write(folder.Path, "test", whole);

        string message = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, folder.Path)).Message;

        Assert.Contains("train.jpegs.gz", message);
        Assert.Contains("record 1", message);
    }

    [TestMethod]
    [DataRow(10, 32, "label 10")]
    [DataRow(1, 16, "16×16")]
    public void A_record_that_is_no_image_of_CIFAR10_is_named(int label, int side, string expected)
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, "train", Record(0, 9, 9, 9), Record((byte)label, 9, 9, 9, side));
        Write(folder.Path, "test", Record(0, 9, 9, 9));

        string message = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, folder.Path)).Message;

        Assert.Contains("Record 1", message);
        Assert.Contains(expected, message);
    }

    [TestMethod]
    public void Bytes_that_are_no_image_are_named()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Path, "train", [0, 4, 0, 1, 2, 3, 4]);
        Write(folder.Path, "test", Record(0, 9, 9, 9));

        string message = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, folder.Path)).Message;

        Assert.Contains("Record 0", message);
        Assert.Contains("not an image", message);
    }

    static void AssertFlat(float[] pixels, params int[] colors)
    {
        Assert.HasCount(3 * 1024, pixels);
        // JPEG keeps a flat color within a few steps of brightness and hue.
        for (int channel = 0; channel < 3; channel++)
            Assert.IsTrue(pixels.Skip(channel * 1024).Take(1024).All(value => Math.Abs(value - colors[channel]) <= 4), $"channel {channel}");
    }

    static byte[] Record(byte label, byte red, byte green, byte blue, int side = 32)
    {
        byte[] rgba = [.. Enumerable.Range(0, side * side).SelectMany(_ => new[] { red, green, blue, byte.MaxValue })];
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "image.jpg");
        using (MLImage image = MLImage.CreateFromPixels(side, side, MLPixelFormat.Rgba32, rgba))
            image.Save(path);
        byte[] jpeg = File.ReadAllBytes(path);
        return [label, (byte)jpeg.Length, (byte)(jpeg.Length >> 8), .. jpeg];
    }

    static void Write(string folder, string part, params byte[][] records)
    {
        using var stream = new GZipStream(File.Create(Path.Combine(folder, $"{part}.jpegs.gz")), CompressionMode.Compress);
        foreach (byte[] record in records)
            stream.Write(record);
    }
}
