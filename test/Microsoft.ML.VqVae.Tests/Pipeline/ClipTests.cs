using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Clips, rows of several frames: what becomes of them is what becomes of their frames, one after the other.</summary>
[TestClass]
public class ClipTests
{
    const int Clips = 4, Frames = 3, Colours = 3, Plane = Tiny.Side * Tiny.Side, Size = Colours * Plane;

    readonly MLContext _ml = new(seed: 1);

    sealed class Clip
    {
        public float[] Pixels { get; set; } = [];
    }

    static float[] Frame(int number, bool interleaved)
    {
        float[] planar = Tiny.Pixels(number, Colours);
        return interleaved ? [.. Enumerable.Range(0, Size).Select(i => planar[i % Colours * Plane + i / Colours])] : planar;
    }

    IDataView View(int rows, int framesOfRow, bool interleaved, params int[] dimensions)
    {
        var schema = SchemaDefinition.Create(typeof(Clip));
        schema["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, dimensions);
        return _ml.Data.LoadFromEnumerable(Enumerable.Range(0, rows).Select(row => new Clip
        {
            Pixels = [.. Enumerable.Range(row * framesOfRow, framesOfRow).SelectMany(number => Frame(number, interleaved))],
        }).ToArray(), schema);
    }

    IDataView OfFrames() => View(Clips * Frames, 1, false, Colours, Tiny.Side, Tiny.Side);

    IDataView OfClips(bool interleaved = false) => interleaved
        ? View(Clips, Frames, true, Frames, Tiny.Side, Tiny.Side, Colours)
        : View(Clips, Frames, false, Frames, Colours, Tiny.Side, Tiny.Side);

    static ImageVqVaeOptions Options()
    {
        ImageVqVaeOptions options = Tiny.Options();
        (options.ReconstructionColumnName, options.EmbeddingsColumnName, options.ReconstructionErrorColumnName) =
            ("Decoded", "Embeddings", "Error");
        return options;
    }

    static T[] Joined<T>(IEnumerable<object[]> rows, int column) => [.. rows.SelectMany(row => (T[])row[column])];

    [TestMethod]
    public void A_codec_learns_and_gives_the_same_whether_rows_are_clips_or_frames()
    {
        using ImageVqVaeTransformer ofFrames = _ml.Transforms.VqVae.EncodeVideo("Codes", "Pixels", Options()).Fit(OfFrames());
        using ImageVqVaeTransformer ofClips = _ml.Transforms.VqVae.EncodeVideo("Codes", "Pixels", Options()).Fit(OfClips());
        List<object[]> frames = Values.Read(ofFrames.Transform(OfFrames()), "Codes", "Decoded", "Embeddings", "Error");
        List<object[]> clips = Values.Read(ofClips.Transform(OfClips()), "Codes", "Decoded", "Embeddings", "Error");
        Assert.HasCount(Clips, clips);
        CollectionAssert.AreEqual(Joined<uint>(frames, 0), Joined<uint>(clips, 0));
        for (int column = 1; column < 3; column++)
        {
            float[] expected = Joined<float>(frames, column), found = Joined<float>(clips, column);
            Assert.HasCount(expected.Length, found);
            for (int i = 0; i < expected.Length; i++)
                Assert.AreEqual(expected[i], found[i], 1e-3, $"column {column}, value {i}");
        }
        for (int clip = 0; clip < Clips; clip++)
        {
            double mean = frames.Skip(clip * Frames).Take(Frames).Average(row => (float)row[3]);
            Assert.AreEqual(mean, (float)clips[clip][3], 1e-3 * mean);
        }
    }

    [TestMethod]
    public void The_columns_of_clips_have_the_frame_as_their_first_dimension()
    {
        IDataView data = OfClips();
        using ImageVqVaeTransformer codec = _ml.Transforms.VqVae.EncodeVideo("Codes", "Pixels", Options()).Fit(data);
        DataViewSchema schema = codec.GetOutputSchema(data.Schema);
        CollectionAssert.AreEqual(new[] { Frames, 4, 4, 1 }, ((VectorDataViewType)schema["Codes"].Type).Dimensions.ToArray());
        CollectionAssert.AreEqual(new[] { Frames, 3, 8, 8 }, ((VectorDataViewType)schema["Decoded"].Type).Dimensions.ToArray());
        CollectionAssert.AreEqual(new[] { Frames, 4, 4, Tiny.Dimensions },
            ((VectorDataViewType)schema["Embeddings"].Type).Dimensions.ToArray());
        VBuffer<ReadOnlyMemory<char>> names = default;
        schema["Codes"].GetSlotNames(ref names);
        Assert.AreEqual("1,2,3", names.GetItemOrDefault(16 + 2 * 4 + 3).ToString());
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Again");
        List<object[]> rows = Values.Read(decoder.Transform(codec.Transform(data)), "Decoded", "Again");
        foreach (object[] row in rows)
            CollectionAssert.AreEqual((float[])row[0], (float[])row[1]);
    }

    [TestMethod]
    public void Interleaved_clips_have_the_same_codes_and_come_back_interleaved()
    {
        using ImageVqVaeTransformer planar = Tiny.Untrained(new ImageFormat(8, 8, 3, false, false, Frames: Frames));
        using ImageVqVaeTransformer interleaved = Tiny.Untrained(new ImageFormat(8, 8, 3, true, false, Frames: Frames));
        List<object[]> expected = Values.Read(planar.Transform(OfClips()), "Codes", "Decoded");
        List<object[]> found = Values.Read(interleaved.Transform(OfClips(interleaved: true)), "Codes", "Decoded");
        for (int row = 0; row < Clips; row++)
        {
            CollectionAssert.AreEqual((uint[])expected[row][0], (uint[])found[row][0]);
            float[] frame = (float[])expected[row][1], other = (float[])found[row][1];
            for (int i = 0; i < frame.Length; i++)
            {
                int within = i % Size;
                Assert.AreEqual(frame[i], other[i - within + within % Plane * Colours + within / Plane], 1e-3);
            }
        }
    }

    [TestMethod]
    public void A_codec_of_clips_takes_no_others()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained(new ImageFormat(8, 8, 3, false, false, Frames: Frames));
        Exception refused = Assert.Throws<ArgumentOutOfRangeException>(() => codec.GetOutputSchema(OfFrames().Schema));
        Assert.Contains("3, 3, 8, 8", refused.Message);
        Exception longer = Assert.Throws<ArgumentOutOfRangeException>(() =>
            codec.GetOutputSchema(View(2, 4, false, 4, Colours, Tiny.Side, Tiny.Side).Schema));
        Assert.Contains("which the model was trained on", longer.Message);
    }

    [TestMethod]
    public void A_codec_of_clips_is_the_same_after_saving_and_loading()
    {
        IDataView data = OfClips();
        using ImageVqVaeTransformer codec = Tiny.Untrained(new ImageFormat(8, 8, 3, false, false, Frames: Frames));
        using var stream = new MemoryStream();
        _ml.Model.Save(codec, data.Schema, stream);
        stream.Position = 0;
        ITransformer loaded = _ml.Model.Load(stream, out _);
        Values.AreEqual(
            Values.Read(codec.Transform(data), "Codes", "Decoded"), Values.Read(loaded.Transform(data), "Codes", "Decoded"));
        (loaded as IDisposable)?.Dispose();
    }

    [TestMethod]
    public void Clips_are_no_pictures()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained(new ImageFormat(8, 8, 3, false, false, Frames: Frames));
        Assert.Contains("3 frames", Assert.ThrowsExactly<InvalidOperationException>(() => codec.Decoder("Picture", asImage: true)).Message);
        ImageVqVaeOptions options = Options();
        options.ReconstructionAsImage = true;
        Assert.Contains("ReconstructionAsImage", Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.EncodeVideo("Codes", "Pixels", options).Fit(OfClips())).Message);
    }

    [TestMethod]
    public void Estimators_of_images_take_no_clips()
    {
        // Four frames of 4×4 pixels have as many values as one image of 8×8.
        IDataView data = View(4, 1, false, 4, Colours, Tiny.Side / 2, Tiny.Side / 2);
        Exception refused = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Transforms.VqVae.FeaturizeImages("Features", "Pixels").Fit(data));
        Assert.Contains("'Pixels'", refused.Message);
        Assert.Contains("4, 3, 4, 4", refused.Message);
    }
}
