using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class CifarBinaryTests : IDisposable
{
    const int RecordBytes = 3073;
    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Records_are_a_label_and_three_planes()
    {
        _folder.Write("data_batch_1.bin", Batch(10));
        _folder.Write("data_batch_2.bin", Batch(10));
        _folder.Write("test_batch.bin", Batch(5));
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);

        Assert.AreEqual("CIFAR-10", data.Name);
        Assert.AreEqual(new ImageShape(3, 32, 32), data.Shape);
        Assert.AreEqual(20, data.TrainRows);
        Assert.AreEqual(5, data.TestRows);
        LabelledImage[] test = Rows(data.Test);
        CollectionAssert.AreEqual(new[] { "airplane", "automobile", "bird", "cat", "deer" }, test.Select(row => row.Class).ToArray());
        Assert.HasCount(3072, test[4].Pixels);
        Assert.AreEqual(4, test[4].Pixels[0]);
        Assert.AreEqual(100 + 4, test[4].Pixels[1024]);
        Assert.AreEqual(200 + 4, test[4].Pixels[^1]);
    }

    [TestMethod]
    [DataRow(30, 3)]
    [DataRow(4100, 400)]
    public void Without_a_test_batch_the_last_are_held_out(int records, int heldOut)
    {
        _folder.Write("data_batch_1.bin", Batch(records));
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);
        Assert.AreEqual(records - heldOut, data.TrainRows);
        Assert.AreEqual(heldOut, data.TestRows);
        Assert.AreEqual((records - heldOut) % 50, Rows(data.Test)[0].Pixels[0]);
    }

    [TestMethod]
    public void A_truncated_file_is_named_with_its_surplus()
    {
        string path = _folder.Write("data_batch_1.bin", Batch(12)[..^73]);
        DataSetException error = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(error.Message, path);
        StringAssert.Contains(error.Message, "3,073");
        StringAssert.Contains(error.Message, "3,000 too many");
    }

    [TestMethod]
    public void Labels_above_nine_and_empty_files_are_refused()
    {
        byte[] batch = Batch(12);
        batch[RecordBytes] = 77;
        _folder.Write("data_batch_1.bin", batch);
        DataSetException label = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(label.Message, "label 77");
        _folder.Write("data_batch_1.bin", []);
        DataSetException empty = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(empty.Message, "no images");
        _folder.Write("data_batch_1.bin", Batch(9));
        DataSetException few = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(few.Message, "9 images");
    }

    /// <summary>Record i has the label i modulo 10; its red plane is i modulo 50, its green one 100 more, its blue one 200 more.</summary>
    static byte[] Batch(int records)
    {
        byte[] batch = new byte[records * RecordBytes];
        for (int record = 0; record < records; record++)
        {
            batch[record * RecordBytes] = (byte)(record % 10);
            for (int plane = 0; plane < 3; plane++)
                batch.AsSpan(record * RecordBytes + 1 + plane * 1024, 1024).Fill((byte)(record % 50 + plane * 100));
        }
        return batch;
    }

    LabelledImage[] Rows(IDataView view) => [.. _ml.Data.CreateEnumerable<LabelledImage>(view, reuseRowObject: false)];
}
