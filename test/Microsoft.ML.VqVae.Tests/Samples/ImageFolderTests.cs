using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

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
        CollectionAssert.AreEqual(new[] { "a", "b" }, Rows(data.Test).Select(row => row.Class).Order().ToArray());
    }

    [TestMethod]
    public void The_first_rows_are_of_all_classes_and_the_same_in_every_process()
    {
        foreach ((string name, byte level) in (IEnumerable<(string, byte)>)[("a", 10), ("b", 20), ("c", 30)])
            WriteImages(name, new Color(level, level, level), 40);
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);
        foreach (IDataView part in (IDataView[])[data.Train, data.Test])
        {
            LabelledImage[] rows = Rows(part);
            Assert.HasCount(3, rows.Take(rows.Length / 2).Select(row => row.Class).Distinct());
            Assert.IsTrue(rows.All(row => row.Pixels[0] == 10 * (row.Class[0] - 'a' + 1)), "images keep their classes");
        }
        ImageData again = ImageDataSets.Open(new MLContext(seed: 2), _folder.Path);
        CollectionAssert.AreEqual(Rows(data.Train).Select(row => row.Class).ToArray(), Rows(again.Train).Select(row => row.Class).ToArray());
        CollectionAssert.AreEqual(Rows(data.Test).Select(row => row.Class).ToArray(), Rows(again.Test).Select(row => row.Class).ToArray());
    }

    [TestMethod]
    public void Files_without_subfolders_are_data_only_where_they_are_asked_for_and_there_are_no_classes()
    {
        WriteImages(".", Color.Ink, 3);
        Assert.Contains("No images were found", Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path)).Message);
        ImageData flat = ImageDataSets.Open(_ml, _folder.Path, orFlat: true);
        Assert.AreEqual((true, 3, 0), (flat.IsFlat, flat.TrainRows, flat.TestRows));
        Assert.HasCount(3, Rows(flat.Train));
        Assert.IsEmpty(Rows(flat.Test));
        _folder.Write("image01.png", []);
        Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path, orFlat: true));
        ImageData readable = ImageDataSets.Open(_ml, _folder.Path, skipUnreadable: true, orFlat: true);
        Assert.AreEqual((2, 1), (readable.TrainRows, readable.Skipped.Count));

        // The files beside subfolders are no data.
        WriteImages("a", Color.Ink, 10);
        Assert.Contains("'a' only; a classifier needs two classes or more. For the image files beside 'a' alone, move it",
            Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path, orFlat: true)).Message);
        WriteImages("b", Color.Ink, 10);
        ImageData classes = ImageDataSets.Open(_ml, _folder.Path, orFlat: true);
        Assert.AreEqual((false, 18, 2), (classes.IsFlat, classes.TrainRows, classes.TestRows));
    }

    [TestMethod]
    public void One_class_or_a_handful_of_files_is_too_little()
    {
        WriteImages("only", Color.Ink, 12);
        DataSetException classes = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(classes.Message, "'only' only");
        Directory.Delete(_folder.File("only"), recursive: true);
        WriteImages("a", Color.Ink, 3);
        WriteImages("b", Color.Ink, 3);
        DataSetException files = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path));
        StringAssert.Contains(files.Message, "6 image files");
    }

    [TestMethod]
    public void What_cannot_be_decoded_is_named_before_anything_is_trained()
    {
        WriteImages("a", Color.Ink, 10);
        WriteImages("b", Color.Ink, 10);
        byte[] whole = File.ReadAllBytes(_folder.File("b/image05.png"));
        Refused("no image at all"u8.ToArray(), "is not an image, despite its extension");
        Refused([0x89, (byte)'P', (byte)'N', (byte)'G', 1, 2, 3], "is not an image, despite its extension");
        Refused([], "is empty");
        // ML.NET makes a picture of it, whose missing part is black.
        Refused(whole[..^30], "is cut short");
        File.WriteAllBytes(_folder.File("a/image01.png"), []);
        Refused([], "image file 2 of 20, is empty. 1 other file cannot be read either.");

        void Refused(byte[] content, string problem)
        {
            string file = _folder.Write("b/image05.png", content);
            string message = Assert.ThrowsExactly<DataSetException>(() => ImageDataSets.Open(_ml, _folder.Path)).Message;
            foreach (string part in (string[])[problem, "--skip-unreadable", problem.Contains("file 2") ? "a/image01.png" : file])
                StringAssert.Contains(message, part);
        }
    }

    [TestMethod]
    public void Unreadable_files_are_skipped_and_counted_on_request()
    {
        WriteImages("a", Color.Ink, 11);
        WriteImages("b", Color.Ink, 11);
        _folder.Write("b/image05.png", File.ReadAllBytes(_folder.File("b/image05.png"))[..^30]);
        _folder.Write("a/image00.png", []);
        ImageData data = ImageDataSets.Open(_ml, _folder.Path, skipUnreadable: true);
        Assert.AreEqual((18, 2), (data.TrainRows, data.TestRows));
        CollectionAssert.AreEqual(new[] { _folder.File("a/image00.png"), _folder.File("b/image05.png") }, data.Skipped.ToArray());
        Assert.HasCount(18, Rows(data.Train));
        Assert.HasCount(2, Rows(data.Test));
        foreach (string file in Directory.EnumerateFiles(_folder.File("a")))
            File.WriteAllBytes(file, []);
        StringAssert.Contains(Assert.ThrowsExactly<DataSetException>(
            () => ImageDataSets.Open(_ml, _folder.Path, skipUnreadable: true)).Message, "'b' only");
    }

    [TestMethod]
    public void Files_that_systems_leave_in_folders_are_no_images()
    {
        WriteImages("a", Color.Ink, 10);
        WriteImages("b", Color.Ink, 10);
        foreach (string stray in (string[])["a/Thumbs.db", "a/.DS_Store", "b/desktop.ini", "b/._image00.png", ".DS_Store", "notes.txt"])
            _folder.Write(stray, [0, 1, 2]);
        Directory.CreateDirectory(_folder.File("__MACOSX"));
        ImageData data = ImageDataSets.Open(_ml, _folder.Path);
        Assert.AreEqual((18, 2), (data.TrainRows, data.TestRows));
        Assert.IsEmpty(data.Skipped);
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
