using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Pictures;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class ImageFolderTests : IDisposable
{
    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Files_are_read_resized_and_named_after_their_subfolder()
    {
        WritePictures("red", new Color(250, 10, 20), 15);
        WritePictures("blue", new Color(5, 15, 240), 15);
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);

        Assert.AreEqual(new ImageShape(3, ImageFolder.Side, ImageFolder.Side), data.Shape);
        Assert.AreEqual(27, data.TrainRows);
        Assert.AreEqual(3, data.TestRows);
        LabelledImage[] rows = [.. Rows(data.Train), .. Rows(data.Test)];
        Assert.HasCount(30, rows);
        Assert.AreEqual(15, rows.Count(row => row.Class == "red"));
        foreach (LabelledImage row in rows)
        {
            Assert.HasCount(data.Shape.Values, row.Pixels);
            // Planar: all of red, then all of green, then all of blue; the middle of each.
            float[] middles = [.. Enumerable.Range(0, 3).Select(plane => row.Pixels[plane * 1024 + 16 * 32 + 16])];
            CollectionAssert.AreEqual(row.Class == "red" ? new[] { 250f, 10, 20 } : [5f, 15, 240], middles);
        }
    }

    [TestMethod]
    public void Every_tenth_file_is_for_the_test_whatever_order_the_disk_has()
    {
        WritePictures("a", Color.Ink, 10);
        WritePictures("b", Color.Faint, 10);
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);
        CollectionAssert.AreEqual(new[] { "a", "b" }, Rows(data.Test).Select(row => row.Class).ToArray());
    }

    [TestMethod]
    public void One_class_or_a_handful_of_files_is_too_little()
    {
        WritePictures("only", Color.Ink, 12);
        var classes = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(classes.Message, "'only' only");
        Directory.Delete(_folder.File("only"), recursive: true);
        WritePictures("a", Color.Ink, 3);
        WritePictures("b", Color.Ink, 3);
        var files = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(files.Message, "6 image files");
    }

    [TestMethod]
    public void A_file_that_is_no_picture_is_never_read_as_one()
    {
        WritePictures("a", Color.Ink, 10);
        WritePictures("b", Color.Ink, 10);
        _folder.Write("a/picture00.png", "no picture at all"u8.ToArray());
        var text = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(text.Message, _folder.File("a/picture00.png"));
        // What begins like a picture and is none is found out when it is read.
        _folder.Write("a/picture00.png", [0x89, (byte)'P', (byte)'N', (byte)'G', 1, 2, 3]);
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);
        Assert.Throws<Exception>(() => Rows(data.Train));
    }

    void WritePictures(string name, Color color, int count)
    {
        Directory.CreateDirectory(_folder.File(name));
        for (int i = 0; i < count; i++)
        {
            var picture = new Picture(40 + i, 36);
            picture.Fill(0, 0, picture.Width, picture.Height, color);
            picture.Save(_folder.File($"{name}/picture{i:00}.png"));
        }
    }

    LabelledImage[] Rows(IDataView view) => [.. _ml.Data.CreateEnumerable<LabelledImage>(view, reuseRowObject: false)];
}
