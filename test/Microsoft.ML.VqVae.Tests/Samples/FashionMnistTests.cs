using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class FashionMnistTests : IDisposable
{
    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Plain_and_packed_files_give_pixels_and_class_names()
    {
        WriteImages("train", 3, 4, 8, packed: true);
        WriteLabels("train", [0, 9, 2], packed: true);
        WriteImages("t10k", 2, 4, 8);
        WriteLabels("t10k", [1, 8]);

        ImageData data = ImageDataSets.Open(_ml, _folder.Path);

        Assert.AreEqual("Fashion-MNIST", data.Name);
        Assert.AreEqual(new ImageShape(1, 4, 8), data.Shape);
        Assert.AreEqual(3, data.TrainRows);
        Assert.AreEqual(2, data.TestRows);
        CollectionAssert.AreEqual(new[] { 1, 4, 8 }, ((VectorDataViewType)data.Train.Schema["Pixels"].Type).Dimensions.ToArray());
        LabelledImage[] train = Rows(data.Train);
        CollectionAssert.AreEqual(new[] { "T-shirt", "Ankle boot", "Pullover" }, train.Select(row => row.Class).ToArray());
        // The pixels count on from image to image.
        CollectionAssert.AreEqual(Enumerable.Range(32, 32).Select(value => (float)value).ToArray(), train[1].Pixels);
    }

    [TestMethod]
    public void A_truncated_file_is_named_with_what_was_expected()
    {
        WriteImages("train", 3, 4, 8);
        WriteLabels("train", [0, 1, 2]);
        string path = _folder.File("train-images-idx3-ubyte");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^5]);
        var error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, path);
        StringAssert.Contains(error.Message, "3 × 4 × 8 = 96");
        StringAssert.Contains(error.Message, "91");
    }

    [TestMethod]
    public void A_truncated_gzip_file_is_named()
    {
        WriteImages("train", 3, 28, 28, packed: true);
        WriteLabels("train", [0, 1, 2]);
        string path = _folder.File("train-images-idx3-ubyte.gz");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^40]);
        var error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, path);
    }

    [TestMethod]
    public void A_file_of_another_kind_is_refused()
    {
        _folder.Write("train-images-idx3-ubyte", "this is no IDX file, but text"u8.ToArray());
        WriteLabels("train", [0]);
        var error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, "00 00 08 03");
        StringAssert.Contains(error.Message, "74 68 69 73");
    }

    [TestMethod]
    public void Labels_have_to_fit_the_images()
    {
        WriteImages("train", 3, 4, 8);
        WriteLabels("train", [0, 1]);
        var count = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(count.Message, "3 images");
        WriteLabels("train", [0, 1, 10]);
        var range = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(range.Message, "label 10");
    }

    [TestMethod]
    public void A_missing_file_is_named()
    {
        WriteImages("train", 1, 4, 8);
        var error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, "train-labels-idx1-ubyte");
    }

    [TestMethod]
    public void A_folder_without_images_is_told_what_is_expected()
    {
        _folder.Write("notes.txt", [1]);
        var error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, "*.bin");
        StringAssert.Contains(error.Message, "one subfolder of image files per class");
        var missing = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.File("nowhere")));
        StringAssert.Contains(missing.Message, "nowhere");
    }

    LabelledImage[] Rows(IDataView view) => [.. _ml.Data.CreateEnumerable<LabelledImage>(view, reuseRowObject: false)];

    void WriteImages(string part, int count, int height, int width, bool packed = false) => Write(
        $"{part}-images-idx3-ubyte", [count, height, width],
        [.. Enumerable.Range(0, count * height * width).Select(value => (byte)value)], packed);

    void WriteLabels(string part, byte[] labels, bool packed = false) =>
        Write($"{part}-labels-idx1-ubyte", [labels.Length], labels, packed);

    void Write(string name, int[] dimensions, byte[] values, bool packed)
    {
        var header = new byte[4 + 4 * dimensions.Length];
        header[2] = 8;
        header[3] = (byte)dimensions.Length;
        for (int axis = 0; axis < dimensions.Length; axis++)
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + 4 * axis), dimensions[axis]);
        byte[] content = [.. header, .. values];
        if (!packed)
        {
            _folder.Write(name, content);
            return;
        }
        using FileStream file = File.Create(_folder.File(name + ".gz"));
        using var gzip = new GZipStream(file, CompressionLevel.Fastest);
        gzip.Write(content);
    }
}
