using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Drawing;

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
        WriteImages("red", new Color(250, 10, 20), 15);
        WriteImages("blue", new Color(5, 15, 240), 15);
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
        WriteImages("a", Color.Ink, 10);
        WriteImages("b", Color.Faint, 10);
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);
        CollectionAssert.AreEqual(new[] { "a", "b" }, Rows(data.Test).Select(row => row.Class).ToArray());
    }

    [TestMethod]
    public void One_class_or_a_handful_of_files_is_too_little()
    {
        WriteImages("only", Color.Ink, 12);
        var classes = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(classes.Message, "'only' only");
        Directory.Delete(_folder.File("only"), recursive: true);
        WriteImages("a", Color.Ink, 3);
        WriteImages("b", Color.Ink, 3);
        var files = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(files.Message, "6 image files");
    }

    [TestMethod]
    public void A_file_that_is_no_image_is_never_read_as_one()
    {
        WriteImages("a", Color.Ink, 10);
        WriteImages("b", Color.Ink, 10);
        _folder.Write("a/image00.png", "no image at all"u8.ToArray());
        var text = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(text.Message, _folder.File("a/image00.png"));
        // What begins like an image and is none is found out when it is read.
        _folder.Write("a/image00.png", [0x89, (byte)'P', (byte)'N', (byte)'G', 1, 2, 3]);
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);
        Assert.Throws<Exception>(() => Rows(data.Train));
    }

    void WriteImages(string name, Color color, int count)
    {
        Directory.CreateDirectory(_folder.File(name));
        for (int i = 0; i < count; i++)
        {
            var canvas = new Canvas(40 + i, 36);
            canvas.Fill(0, 0, canvas.Width, canvas.Height, color);
            canvas.Save(_folder.File($"{name}/image{i:00}.png"));
        }
    }

    LabelledImage[] Rows(IDataView view) => [.. _ml.Data.CreateEnumerable<LabelledImage>(view, reuseRowObject: false)];
}
