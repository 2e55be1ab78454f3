using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Tests.Onnx;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Samples;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>Features of images among ML.NET's own components: columns, values one by one and in batches, codes as targets, files, ONNX.</summary>
[TestClass]
public class ImageFeatureTests
{
    const int FeatureChannels = 6;

    readonly MLContext _ml = new(seed: 1);

    static ImageFeatureOptions Options(int steps = 4, string? codes = null) => new()
    {
        Network = new() { Stages = 2, Channels = 4, FeatureChannels = FeatureChannels, ResidualBlocks = 1 },
        CodesColumnName = codes,
        Training = new() { Steps = steps, BatchSize = 8, LearningRate = 1e-2, Seed = 3 },
        PredictionBatchSize = 7,
    };

    ImageFeatureTransformer Fit(IDataView data, ImageFeatureOptions? options = null) =>
        _ml.Transforms.VqVae.FeaturizeImages("Features", "Pixels", options ?? Options()).Fit(data);

    IDataView Coded(int count = 40)
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView coded = _ml.Data.Cache(codec.Transform(Tiny.Data(_ml, count)), "Pixels", "Label", "Codes");
        Values.Read(coded, "Pixels", "Label", "Codes");
        return coded;
    }

    [TestMethod]
    public void The_estimators_promise_is_what_the_transformer_makes()
    {
        IDataView data = Tiny.Data(_ml);
        SchemaShape promised = _ml.Transforms.VqVae.FeaturizeImages("Features", "Pixels", Options()).GetOutputSchema(Tiny.Shape(data.Schema));
        using ImageFeatureTransformer transformer = Fit(data);
        DataViewSchema schema = transformer.GetOutputSchema(data.Schema);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}").Order()];
        CollectionAssert.AreEqual(Describe(promised), Describe(Tiny.Shape(schema)));
        // The mean and 2×2 parts of the last map, 3×3 parts of the one before it.
        int size = ((1 + 4) * FeatureChannels) + (9 * 4);
        Assert.AreEqual(size, transformer.Size);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, size), schema["Features"].Type);
        foreach (object[] row in Values.Read(transformer.Transform(data), "Features"))
            Assert.HasCount(size, (float[])row[0]);
    }

    [TestMethod]
    public void Images_whose_last_map_is_one_position_have_as_many_features_as_others()
    {
        IDataView data = Tiny.Data(_ml, 20);
        ImageFeatureOptions options = Options();
        options.Network.Stages = 3;
        using ImageFeatureTransformer features = Fit(data, options);
        List<object[]> batches = Values.Read(features.Transform(data), "Features");
        // The maps of 8×8 pixels are 1×1 and 2×2: the mean, 2×2 parts of the one, and 3×3 parts of the other.
        int last = FeatureChannels, size = features.Size;
        foreach (float[] row in batches.Select(row => (float[])row[0]))
        {
            Assert.HasCount(size, row);
            for (int part = 1; part <= 4; part++)
                CollectionAssert.AreEqual(row[..last], row[(part * last)..((part + 1) * last)]);
        }
        Values.AreEqual(batches, Values.ReadByMapper(features, data, "Features"), 1e-4);
        IDataView input = OnnxFile.Only(_ml, data, "Pixels");
        using var onnx = new OnnxFile(features, input, "Features");
        onnx.AssertEqual(features.Transform(input), input, "Features");
    }

    [TestMethod]
    public void Rows_have_the_same_features_in_batches_and_one_by_one()
    {
        IDataView data = Tiny.Data(_ml);
        using ImageFeatureTransformer transformer = Fit(data);
        List<object[]> rows = Values.Read(transformer.Transform(data), "Features");
        Values.AreEqual(rows, Values.ReadByMapper(transformer, data, "Features"), 1e-4);
        Values.AreEqual(rows, Values.Read(_ml.Data.Cache(transformer.Transform(data)), "Features"));
        Assert.IsGreaterThan(1e-2, ((float[])rows[0][0]).Zip((float[])rows[1][0], (a, b) => Math.Abs(a - b)).Max());
    }

    [TestMethod]
    public void A_loaded_transformer_is_the_one_that_was_saved()
    {
        using var folder = new TemporaryFolder();
        IDataView data = Coded();
        using ImageFeatureTransformer features = Fit(data, Options(codes: "Codes"));
        _ml.Model.Save(features, data.Schema, folder.File("model.zip"));
        using var loaded = (ImageFeatureTransformer)new MLContext().Model.Load(folder.File("model.zip"), out _);
        Assert.IsNull(loaded.TrainingSummary);
        // Codes are read in training only.
        IDataView pixels = _ml.Transforms.SelectColumns("Pixels").Fit(data).Transform(data);
        IDataView expected = features.Transform(data), actual = loaded.Transform(pixels);
        Values.AreEqual(Values.Read(expected, "Features"), Values.Read(actual, "Features"));
        Assert.Contains("Trained for 4 of 4 steps", features.ToString());
        Assert.Contains("'Pixels' (8×8 pixels of 1 channel, planar) → 'Features' (mean of 6 channels, 2×2 means of 6 channels, 3×3 means of 4 "
            + "channels)", loaded.ToString());
        features.SaveWeights(folder.File("weights"));
        loaded.LoadWeights(folder.File("weights"));
        Values.AreEqual(Values.Read(expected, "Features"), Values.Read(actual, "Features"));
    }

    [TestMethod]
    public void Training_recognizes_views_and_learns_codes()
    {
        IDataView data = Coded(60);
        ImageFeatureOptions options = Options(steps: 120, codes: "Codes");
        using ImageFeatureTransformer features = Fit(data, options);
        IReadOnlyList<TrainingProgress> curve = features.TrainingSummary!.LearningCurve;
        // Of 16 views, each has 15 others: guessing takes log2 15 bits. Rows of one pattern are alike.
        Assert.IsLessThan(Math.Log2(15) - 0.3, curve[^1].Terms["contrastive bits"]);
        Assert.IsLessThan(Math.Log2(Tiny.Codes) - 0.4, curve[^1].Terms["bits per code of the bag"]);
        // The pattern of a row decides what is nearest to it: stripes, a ramp or a box.
        List<object[]> rows = Values.Read(features.Transform(data), "Features", "Label");
        double Distance(object[] one, object[] other) => ((float[])one[0]).Zip((float[])other[0], (a, b) => (a - b) * (a - b)).Sum();
        int hits = rows.Count(row => (string)rows.Where(other => other != row).MinBy(other => Distance(row, other))![1] == (string)row[1]);
        Assert.IsGreaterThan(50, hits, "of 60");
    }

    [TestMethod]
    public void Other_poolings_share_the_network()
    {
        IDataView data = Tiny.Data(_ml);
        ImageFeatureTransformer first = Fit(data);
        using ImageFeatureTransformer mean = first.WithFeatures("Mean", poolingSize: 1, middlePoolingSize: 0);
        using ImageFeatureTransformer parts = first.WithFeatures("Parts", poolingSize: 2, middlePoolingSize: 0);
        Assert.Contains("from 1 to 64", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => first.WithFeatures("Mean", poolingSize: 0)).Message);
        List<object[]> all = Values.Read(first.Transform(data), "Features");
        first.Dispose();
        Assert.AreEqual(FeatureChannels, mean.Size);
        List<object[]> means = Values.Read(mean.Transform(data), "Mean"), ofParts = Values.Read(parts.Transform(data), "Parts");
        Values.AreEqual([.. all.Select(row => (object[])[((float[])row[0])[..FeatureChannels]])], means);
        // The last map has 2×2 positions: its parts are these, and their mean is the mean.
        Values.AreEqual(means, [.. ofParts.Select(row => (object[])[Enumerable.Range(0, FeatureChannels).Select(channel =>
            Enumerable.Range(1, 4).Average(part => ((float[])row[0])[(part * FeatureChannels) + channel])).ToArray()])], 1e-5);
    }

    [TestMethod]
    public void The_seed_decides_the_training()
    {
        List<object[]> Features(MLContext ml, int? seed)
        {
            ImageFeatureOptions options = Options();
            options.Training.Seed = seed;
            IDataView data = Tiny.Data(ml);
            using ImageFeatureTransformer features = ml.Transforms.VqVae.FeaturizeImages("Features", "Pixels", options).Fit(data);
            return Values.Read(features.Transform(data), "Features");
        }
        List<object[]> first = Features(new MLContext(seed: 1), 3);
        Values.AreEqual(first, Features(new MLContext(seed: 2), 3));
        Values.AreEqual(first, Features(new MLContext(seed: 3), null));
        Assert.AreNotEqual(((float[])first[0][0])[0], ((float[])Features(new MLContext(seed: 4), null)[0][0])[0]);
    }

    [TestMethod]
    [DataRow(TrainingPrecision.Single)]
    [DataRow(TrainingPrecision.BFloat16)]
    public void An_interrupted_training_ends_with_the_same_bits(TrainingPrecision precision)
    {
        IDataView data = Coded();
        InterruptedTraining.EndsWithTheSameBits(precision, (set, file) =>
        {
            ImageFeatureOptions options = Options(steps: 6, codes: "Codes");
            set(options.Training);
            using ImageFeatureTransformer features = Fit(data, options);
            features.SaveWeights(file);
            return features.TrainingSummary!;
        });
    }

    [TestMethod]
    public void A_warm_start_begins_with_the_weights_of_the_transformer()
    {
        IDataView data = Tiny.Data(_ml);
        using ImageFeatureTransformer first = Fit(data);
        ImageFeatureOptions still = Options(steps: 1);
        (still.WarmStart, still.Training.LearningRate, still.Training.Seed) = (first, 1e-30, 99);
        using ImageFeatureTransformer second = Fit(data, still);
        // The moving averages of the normalization have gone on.
        using var folder = new TemporaryFolder();
        string Kernel(ImageFeatureTransformer features)
        {
            features.SaveWeights(folder.File("weights"));
            using SafetensorsContent weights = Safetensors.ReadFile(folder.File("weights"));
            using var network = new ImageFeatureNetwork(Options().Network, (1, Tiny.Side, Tiny.Side), null, seed: 1);
            weights.CopyTo(network.state_dict());
            return string.Join(' ', network.state_dict()["stages.0.down.kernel"].data<float>());
        }
        Assert.AreEqual(Kernel(first), Kernel(second));
        still.Network.Channels = 5;
        Assert.Contains("WarmStart", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(data, still)).Message);
    }

    [TestMethod]
    public void Images_in_color_interleaved_and_as_MLImage_are_read()
    {
        float[] planar = [.. Enumerable.Range(0, 3 * 64).Select(i => (float)(i * 37 % 256))];
        var picture = MLImage.CreateFromPixels(8, 8, MLPixelFormat.Rgba32,
            [.. Enumerable.Range(0, 64).SelectMany(i => (byte[])[(byte)planar[i], (byte)planar[64 + i], (byte)planar[128 + i], 255])]);
        ColorRow[] rows = [.. Enumerable.Range(0, 8).Select(row => new ColorRow
        {
            Pixels = [.. Enumerable.Range(0, 192).Select(i => planar[((i % 3) * 64) + (i / 3)])], Image = picture,
        })];
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        using ImageFeatureTransformer vectors = Fit(data);
        ImageFeatureOptions options = Options();
        using ImageFeatureTransformer images = _ml.Transforms.VqVae.FeaturizeImages("Features", "Image", options).Fit(data);
        Values.AreEqual(Values.Read(vectors.Transform(data), "Features"), Values.Read(images.Transform(data), "Features"), 1e-5);
    }

    sealed class ColorRow
    {
        [VectorType(8, 8, 3)]
        public float[] Pixels { get; set; } = [];

        [Microsoft.ML.Transforms.Image.ImageType(8, 8)]
        public MLImage? Image { get; set; }
    }

    [TestMethod]
    public void A_graph_of_pixels_gives_the_same_features()
    {
        IDataView pixels = OnnxFile.Only(_ml, Tiny.Data(_ml, 20), "Pixels");
        using ImageFeatureTransformer features = Fit(pixels, Options(steps: 20));
        using var onnx = new OnnxFile(features, pixels, "Features");
        onnx.AssertEqual(features.Transform(pixels), pixels, "Features");
    }

    [TestMethod]
    public void Unsuitable_options_and_columns_are_named()
    {
        ImageFeatureOptions group = Options(), nothing = Options(), unused = Options(codes: "Codes"), single = Options();
        group.Training.Group = new Alone();
        nothing.Network.ContrastiveWeight = 0;
        unused.Network.BagOfCodesWeight = 0;
        single.Network.Stages = 1;
        foreach ((ImageFeatureOptions options, string expected) in (ReadOnlySpan<(ImageFeatureOptions, string)>)
        [
            (group, "Training.Group must be null"), (nothing, "Network.ContrastiveWeight must be above 0"),
            (unused, "Network.BagOfCodesWeight must be above 0 with CodesColumnName"), (single, "MiddlePoolingSize must be 0"),
        ])
        {
            Assert.Contains(expected, Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => _ml.Transforms.VqVae.FeaturizeImages("Features", "Pixels", options)).Message);
        }

        IDataView sequences = TinyCodes.Lines(_ml, 8);
        Assert.Contains("Could not find input column 'Pixels'",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(sequences)).Message);
        IDataView data = Tiny.Data(_ml);
        Assert.Contains("Could not find codes column 'Codes'",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(data, Options(codes: "Codes"))).Message);
        Assert.Contains("Schema mismatch for codes column 'Label'",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(data, Options(codes: "Label"))).Message);
        IDataView variable = _ml.Transforms.Conversion.MapValueToKey("Words", "Words").Fit(Words()).Transform(Words());
        Assert.Contains("of known size", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(variable, Options(codes: "Words"))).Message);
        ImageFeatureOptions flat = Options();
        flat.Height = 7;
        Assert.Contains("set Height, Width and Channels", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(data, flat)).Message);

        IDataView Words() => _ml.Data.LoadFromEnumerable(
            Tiny.Rows(8).Select(row => new WordRow { Pixels = row.Pixels, Words = [.. Enumerable.Repeat("a", 1 + (row.Number % 3)), "b"] }));
    }

    sealed class WordRow
    {
        [VectorType(Tiny.Side * Tiny.Side)]
        public float[] Pixels { get; set; } = [];

        public string[] Words { get; set; } = [];
    }

    sealed class Alone : ITrainingGroup
    {
        public int Rank => 0;

        public int Size => 2;

        public void Sum(Span<float> values) => throw new NotSupportedException();

        public void Broadcast(Span<byte> bytes) => throw new NotSupportedException();

        public void Abort(string message) => throw new NotSupportedException();
    }

    [TestMethod]
    public void No_tensor_is_left_behind()
    {
        void Work()
        {
            IDataView rows = Coded();
            using ImageFeatureTransformer features = Fit(rows, Options(codes: "Codes"));
            Assert.AreEqual(0, Growth(() => Values.Read(features.Transform(rows), "Features")), "after reading");
            Assert.AreEqual(0, Growth(() => Values.ReadByMapper(features, rows, "Features")), "after reading row by row");
            Assert.AreEqual(0, Growth(() => features.WithFeatures("Other").Dispose()), "after another transformer");
        }
        // The first time something may stay that is made once.
        Work();
        // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow.
        long networks = Growth(() =>
        {
            Coded();
            new ImageFeatureNetwork(Options().Network, (1, Tiny.Side, Tiny.Side), new CodeGrid(4, 4, 1, Tiny.Codes), seed: 1).Dispose();
        });
        Assert.AreEqual(networks, Growth(() => Work()), "after fit, transform and dispose");
    }
}
