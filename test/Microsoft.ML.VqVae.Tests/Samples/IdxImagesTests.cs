using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class IdxImagesTests : IDisposable
{
    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The first labels of the data set itself, read from its file.
    static readonly byte[] FashionLabels =
        [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4, 3, 1, 4, 8, 4, 3, 0, 2, 4, 4, 5, 3];

    [TestMethod]
    public void Fashion_MNIST_has_pixels_and_the_names_of_clothes()
    {
        WriteImages("train", 33, 4, 8, packed: true);
        WriteLabels("train", [.. FashionLabels, 6], packed: true);
        WriteImages("t10k", 2, 4, 8);
        WriteLabels("t10k", [1, 8]);

        ImageData data = ImageDataSets.Open(_ml, _folder.Path);

        Assert.AreEqual("Fashion-MNIST", data.Name);
        Assert.AreEqual(new ImageShape(1, 4, 8), data.Shape);
        Assert.AreEqual(33, data.TrainRows);
        Assert.AreEqual(2, data.TestRows);
        CollectionAssert.AreEqual(new[] { 1, 4, 8 }, ((VectorDataViewType)data.Train.Schema["Pixels"].Type).Dimensions.ToArray());
        LabelledImage[] train = Rows(data.Train);
        CollectionAssert.AreEqual(new[] { "Ankle boot", "T-shirt", "T-shirt", "Dress" }, train.Take(4).Select(row => row.Class).ToArray());
        CollectionAssert.AreEqual(new[] { "Trouser", "Bag" }, Rows(data.Test).Select(row => row.Class).ToArray());
        // The pixels count on from image to image.
        CollectionAssert.AreEqual(Enumerable.Range(32, 32).Select(value => (float)value).ToArray(), train[1].Pixels);
    }

    [TestMethod]
    [DataRow("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")]
    [DataRow("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte")]
    [DataRow("train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte", "T10K-LABELS.IDX1-UBYTE")]
    public void Digits_are_named_by_their_numbers_and_the_data_by_its_folder(
        string trainImages, string trainLabels, string testImages, string testLabels)
    {
        // The labels that MNIST begins with.
        Write(trainImages, [5, 2, 2], new byte[20]);
        Write(trainLabels, [5], [5, 0, 4, 1, 9]);
        Write(testImages, [2, 2, 2], new byte[8]);
        Write(testLabels, [2], [7, 2]);
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);
        Assert.AreEqual(new DirectoryInfo(_folder.Path).Name, data.Name);
        CollectionAssert.AreEqual(new[] { "5", "0", "4", "1", "9" }, Rows(data.Train).Select(row => row.Class).ToArray());
        CollectionAssert.AreEqual(new[] { "7", "2" }, Rows(data.Test).Select(row => row.Class).ToArray());
    }

    [TestMethod]
    public void EMNIST_has_its_own_file_names_more_labels_and_letters()
    {
        Write("emnist-letters-train-images-idx3-ubyte", [3, 2, 2], new byte[12]);
        Write("emnist-letters-train-labels-idx1-ubyte", [3], [26, 1, 2]);
        Write("emnist-letters-test-images-idx3-ubyte", [1, 2, 2], new byte[4]);
        Write("emnist-letters-test-labels-idx1-ubyte", [1], [26]);
        ImageData numbered = ImageDataSets.Open(_ml, _folder.Path);
        Assert.AreEqual("emnist-letters", numbered.Name);
        CollectionAssert.AreEqual(new[] { "26", "1", "2" }, Rows(numbered.Train).Select(row => row.Class).ToArray());
        // Other sets have other classes.
        _folder.Write("emnist-balanced-mapping.txt", "1 49\r\n2 50\r\n"u8.ToArray());
        CollectionAssert.AreEqual(
            new[] { "26", "1", "2" }, Rows(ImageDataSets.Open(_ml, _folder.Path).Train).Select(row => row.Class).ToArray());
        string mapping = _folder.Write("emnist-letters-mapping.txt", "1 65 97\r\n26 90 122\r\n"u8.ToArray());
        ImageData named = ImageDataSets.Open(_ml, _folder.Path);
        CollectionAssert.AreEqual(new[] { "Zz", "Aa", "2" }, Rows(named.Train).Select(row => row.Class).ToArray());
        File.WriteAllText(mapping, "1 65\n2 B\n");
        string message = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path)).Message;
        StringAssert.Contains(message, $"'{mapping}', line 2: expected a label");
        File.Delete(mapping);
        Write("emnist-digits-train-images-idx3-ubyte", [3, 2, 2], new byte[12]);
        string several = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path)).Message;
        StringAssert.Contains(several, "several data sets ('emnist-digits-', 'emnist-letters-')");
    }

    [TestMethod]
    public void Training_and_test_images_have_one_size_and_some_pixels()
    {
        WriteImages("train", 1, 4, 8);
        WriteLabels("train", [0]);
        WriteImages("t10k", 1, 8, 4);
        WriteLabels("t10k", [0]);
        StringAssert.Contains(
            Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path)).Message, "4×8×1");
        WriteImages("t10k", 0, 4, 8);
        StringAssert.Contains(
            Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path)).Message, "holds no values");
    }

    [TestMethod]
    public void A_truncated_file_is_named_with_what_was_expected()
    {
        WriteImages("train", 3, 4, 8);
        WriteLabels("train", [0, 1, 2]);
        string path = _folder.File("train-images-idx3-ubyte");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^5]);
        DataSetException error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
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
        DataSetException error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, path);
    }

    [TestMethod]
    public void A_file_of_another_kind_is_refused()
    {
        _folder.Write("train-images-idx3-ubyte", "this is no IDX file, but text"u8.ToArray());
        WriteLabels("train", [0]);
        DataSetException error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, "00 00 08 03");
        StringAssert.Contains(error.Message, "74 68 69 73");
    }

    [TestMethod]
    public void Labels_have_to_fit_the_images()
    {
        WriteImages("train", 3, 4, 8);
        WriteLabels("train", [0, 1]);
        DataSetException count = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(count.Message, "3 images");
    }

    [TestMethod]
    public void A_missing_file_is_named()
    {
        WriteImages("train", 1, 4, 8);
        DataSetException error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, "train-labels-idx1-ubyte");
    }

    [TestMethod]
    public void A_folder_without_images_is_told_what_is_expected()
    {
        _folder.Write("notes.txt", [1]);
        DataSetException error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, "*.bin");
        StringAssert.Contains(error.Message, "one subfolder of image files per class");
        DataSetException missing = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.File("nowhere")));
        StringAssert.Contains(missing.Message, "nowhere");
    }

    LabelledImage[] Rows(IDataView view) => [.. _ml.Data.CreateEnumerable<LabelledImage>(view, reuseRowObject: false)];

    void WriteImages(string part, int count, int height, int width, bool packed = false) => Write(
        $"{part}-images-idx3-ubyte", [count, height, width],
        [.. Enumerable.Range(0, count * height * width).Select(value => (byte)value)], packed);

    void WriteLabels(string part, byte[] labels, bool packed = false) =>
        Write($"{part}-labels-idx1-ubyte", [labels.Length], labels, packed);

    void Write(string name, int[] dimensions, byte[] values)
    {
        bool packed = name.EndsWith(".gz", StringComparison.Ordinal);
        Write(packed ? name[..^3] : name, dimensions, values, packed);
    }

    void Write(string name, int[] dimensions, byte[] values, bool packed)
    {
        byte[] header = new byte[4 + 4 * dimensions.Length];
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
