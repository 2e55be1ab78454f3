using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Codes and images that leave a pipeline for a file or for objects and come back, and views with some of the rows or in another
/// order.</summary>
[TestClass]
public sealed class SavedViewsTests : IDisposable
{
    readonly MLContext _ml = new(seed: 1);
    readonly ImageVqVaeTransformer _encoder = Tiny.Untrained();
    readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _encoder.Dispose();
        _folder.Dispose();
    }

    IDataView Encoded(int count = 12) => _encoder.Transform(Tiny.Data(_ml, count));

    static string[] Texts(DataViewSchema.Column column, string annotation)
    {
        VBuffer<ReadOnlyMemory<char>> texts = default;
        column.Annotations.GetValue(annotation, ref texts);
        return [.. texts.DenseValues().Select(text => text.ToString())];
    }

    [TestMethod]
    public void Codes_in_a_binary_file_keep_their_type_and_names_and_decode_as_before()
    {
        IDataView chosen = _ml.Transforms.SelectColumns("Codes", "Error", "Number").Fit(Encoded()).Transform(Encoded());
        using (FileStream file = File.Create(_folder.File("codes.idv")))
            _ml.Data.SaveAsBinary(chosen, file);
        var other = new MLContext();
        IDataView loaded = other.Data.LoadFromBinary(_folder.File("codes.idv"));

        DataViewSchema.Column codes = loaded.Schema["Codes"];
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), Tiny.Codes), 4, 4, 1), codes.Type);
        CollectionAssert.AreEqual((string[])["0", "1", "2", "3", "4", "5"], Texts(codes, "KeyValues"));
        CollectionAssert.AreEqual(
            (string[])[.. Enumerable.Range(0, 16).Select(slot => $"{slot / 4},{slot % 4}")], Texts(codes, "SlotNames"));
        Values.AreEqual(Values.Read(Encoded(), "Codes", "Error", "Number"), Values.Read(loaded, "Codes", "Error", "Number"));

        using ImageVqVaeDecoderTransformer decoder = _encoder.Decoder("Again");
        Values.AreEqual(Values.Read(decoder.Transform(Encoded()), "Again"), Values.Read(decoder.Transform(loaded), "Again"));
    }

    [TestMethod]
    public void Codes_in_a_text_file_are_loaded_as_keys_and_decode_as_before()
    {
        IDataView chosen = _ml.Transforms.SelectColumns("Number", "Codes").Fit(Encoded()).Transform(Encoded());
        using (FileStream file = File.Create(_folder.File("codes.tsv")))
            _ml.Data.SaveAsText(chosen, file, schema: false, headerRow: true);
        // The header has the names of the slots.
        CollectionAssert.AreEqual(
            (string[])["Number", .. Texts(chosen.Schema["Codes"], "SlotNames")],
            File.ReadLines(_folder.File("codes.tsv")).First().Split('\t').Select(name => name.Trim('"')).ToArray());
        IDataView loaded = _ml.Data.LoadFromTextFile(_folder.File("codes.tsv"),
        [
            new TextLoader.Column("Number", DataKind.Int32, 0),
            new TextLoader.Column("Codes", DataKind.UInt32, [new TextLoader.Range(1, 16)], new KeyCount(Tiny.Codes)),
        ], hasHeader: true);
        Values.AreEqual(Values.Read(Encoded(), "Number", "Codes"), Values.Read(loaded, "Number", "Codes"));
        using ImageVqVaeDecoderTransformer decoder = _encoder.Decoder("Again");
        Values.AreEqual(Values.Read(decoder.Transform(Encoded()), "Again"), Values.Read(decoder.Transform(loaded), "Again"));
    }

    sealed class CodesOnly
    {
        [VectorType(16), KeyType(Tiny.Codes)]
        public uint[] Codes { get; set; } = [];

        public int Number { get; set; }
    }

    [TestMethod]
    public void Codes_go_through_objects_and_back()
    {
        List<CodesOnly> objects = [.. _ml.Data.CreateEnumerable<CodesOnly>(Encoded(), reuseRowObject: false)];
        objects.Reverse();
        IDataView again = _ml.Data.LoadFromEnumerable(objects);
        using ImageVqVaeDecoderTransformer decoder = _encoder.Decoder("Again");
        List<object[]> expected = Values.Read(decoder.Transform(Encoded()), "Number", "Codes", "Again");
        expected.Reverse();
        Values.AreEqual(expected, Values.Read(decoder.Transform(again), "Number", "Codes", "Again"), 1e-3);
    }

    [TestMethod]
    public void Rows_that_are_filtered_by_their_error_or_shuffled_keep_their_codes()
    {
        const int Count = 30;
        List<object[]> all = Values.Read(Encoded(Count), "Number", "Codes", "Error", "Decoded");
        float median = all.Select(row => (float)row[2]).Order().ElementAt(Count / 2);
        IDataView low = _ml.Data.FilterRowsByColumn(Encoded(Count), "Error", upperBound: median);
        Values.AreEqual([.. all.Where(row => (float)row[2] < median)], Values.Read(low, "Number", "Codes", "Error", "Decoded"), 1e-3);
        // The column by which rows are filtered need not be among those that are read.
        Values.AreEqual([.. all.Where(row => (float)row[2] < median).Select(row => row[..2])], Values.Read(low, "Number", "Codes"));

        List<object[]> shuffled = Values.Read(_ml.Data.ShuffleRows(Encoded(Count), seed: 5), "Number", "Codes", "Error", "Decoded");
        int[] order = [.. shuffled.Select(row => (int)row[0])];
        Assert.IsFalse(order.SequenceEqual(order.Order()), "The rows came in their own order.");
        Values.AreEqual([.. order.Select(number => all[number])], shuffled, 1e-3);
        CollectionAssert.AreEqual(Enumerable.Range(0, Count).ToArray(), order.Order().ToArray());

        IDataView part = _ml.Data.TakeRows(_ml.Data.SkipRows(Encoded(Count), 9), 5);
        Values.AreEqual(all[9..14], Values.Read(part, "Number", "Codes", "Error", "Decoded"), 1e-3);
    }

    sealed class Picture
    {
        [ImageType(Tiny.Side, Tiny.Side)]
        public MLImage Image { get; set; } = null!;
    }

    static MLImage Draw(int number)
    {
        byte[] rgba = new byte[4 * Tiny.Side * Tiny.Side];
        Planes.ToBytes(Tiny.Pixels(number, 3), rgba, new ImageFormat(Tiny.Side, Tiny.Side, 3, false, false));
        return MLImage.CreateFromPixels(Tiny.Side, Tiny.Side, MLPixelFormat.Rgba32, rgba);
    }

    // Cursors dispose the images that they give: each pass is given new ones.
    IDataView Pictures(int count) =>
        _ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(number => new Picture { Image = Draw(number) }));

    sealed class Decoded
    {
        [ImageType(Tiny.Side, Tiny.Side)]
        public MLImage Again { get; set; } = null!;

        [ImageType(Tiny.Side, Tiny.Side)]
        public MLImage Reconstruction { get; set; } = null!;
    }

    sealed class PictureFile
    {
        public string File { get; set; } = "";
    }

    IDataView Files(int count)
    {
        IDataView names = _ml.Data.LoadFromEnumerable(
            Enumerable.Range(0, count).Select(number => new PictureFile { File = $"{number}.png" }).ToArray());
        // The size of an image in a file is known after ResizeImages alone.
        return _ml.Transforms.LoadImages("Image", _folder.Path, "File")
            .Append(_ml.Transforms.ResizeImages("Image", Tiny.Side, Tiny.Side)).Fit(names).Transform(names);
    }

    [TestMethod]
    public void Images_are_encoded_decoded_and_saved_as_files_with_the_decoder_s_pixels()
    {
        const int Count = 9;
        using ImageVqVaeTransformer encoder = Tiny.Untrained(new ImageFormat(Tiny.Side, Tiny.Side, 3, false, FromImages: true),
            new EncoderColumns("Image", "Codes", "Reconstruction", true, null, null));
        using ImageVqVaeDecoderTransformer toImages = encoder.Decoder("Again", asImage: true), toPixels = encoder.Decoder("Pixels");
        IDataView decoded = toPixels.Transform(toImages.Transform(encoder.Transform(Pictures(Count))));
        Assert.AreEqual(new ImageDataViewType(Tiny.Side, Tiny.Side), decoded.Schema["Again"].Type);
        Assert.AreEqual(new ImageDataViewType(Tiny.Side, Tiny.Side), decoded.Schema["Reconstruction"].Type);
        int number = 0;
        foreach (Decoded row in _ml.Data.CreateEnumerable<Decoded>(decoded, reuseRowObject: false))
        {
            CollectionAssert.AreEqual(Values.Bytes(row.Again), Values.Bytes(row.Reconstruction));
            row.Again.Save(_folder.File($"{number++}.png"));
        }
        Assert.AreEqual(Count, number);

        IDataView files = Files(Count);
        IDataView loaded = _ml.Transforms.ExtractPixels("Pixels", "Image").Fit(files).Transform(files);
        List<object[]> expected = Values.Read(decoded, "Pixels"), actual = Values.Read(loaded, "Pixels");
        Assert.IsGreaterThan(Count / 2, expected.Select(row => string.Join(' ', (float[])row[0])).Distinct().Count());
        // Bytes in a file without loss: the same up to rounding.
        Values.AreEqual([.. expected.Select(row => new object[] { Array.ConvertAll((float[])row[0], value => Math.Clamp(value, 0, 255)) })],
            actual, 0.501);
    }

    [TestMethod]
    public void Images_in_memory_train_a_codec_that_knows_them_from_files()
    {
        const int Count = 24;
        ImageVqVaeOptions options = Tiny.Options();
        (options.ReconstructionColumnName, options.ReconstructionAsImage) = ("Reconstruction", true);
        using ImageVqVaeTransformer encoder = _ml.Transforms.VqVae.EncodeImages("Codes", "Image", options).Fit(Pictures(Count));
        for (int number = 0; number < Count; number++)
        {
            using MLImage image = Draw(number);
            image.Save(_folder.File($"{number}.png"));
        }
        List<object[]> expected = Values.Read(encoder.Transform(Pictures(Count)), "Codes", "Reconstruction");
        Assert.IsGreaterThan(1, expected.SelectMany(row => (uint[])row[0]).Distinct().Count());
        Values.AreEqual(expected, Values.Read(encoder.Transform(Files(Count)), "Codes", "Reconstruction"));
    }
}
