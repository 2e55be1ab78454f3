using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Samples;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>Features among ML.NET's own components: their columns, their values one by one and in batches, files.</summary>
[TestClass]
public class FeatureTests
{
    readonly MLContext _ml = new(seed: 1);

    FeatureTransformer Fit(bool grid, FeatureOptions? options = null) =>
        _ml.Transforms.VqVae.Featurize("Features", "Codes", options ?? TinyFeatures.Options()).Fit(TinyFeatures.Data(_ml, grid));

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_estimators_promise_is_what_the_transformer_makes(bool grid)
    {
        IDataView data = TinyFeatures.Data(_ml, grid);
        SchemaShape promised =
            _ml.Transforms.VqVae.Featurize("Features", "Codes", TinyFeatures.Options()).GetOutputSchema(Tiny.Shape(data.Schema));
        using FeatureTransformer transformer = Fit(grid);
        DataViewSchema schema = transformer.GetOutputSchema(data.Schema);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}").Order()];
        CollectionAssert.AreEqual(Describe(promised), Describe(Tiny.Shape(schema)));
        int size = ((grid ? 4 : 2) + 1) * TinyFeatures.Channels;
        Assert.AreEqual(size, transformer.Size);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, size), schema["Features"].Type);
        Assert.AreEqual(grid ? new VectorDataViewType(NumberDataViewType.Single, 3, 4, TinyFeatures.Channels)
            : new VectorDataViewType(NumberDataViewType.Single), schema["Positions"].Type);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Rows_have_the_same_features_in_batches_and_one_by_one(bool grid)
    {
        IDataView data = TinyFeatures.Data(_ml, grid);
        using FeatureTransformer transformer = Fit(grid);
        List<object[]> rows = Values.Read(transformer.Transform(data), "Codes", "Features", "Positions");
        Values.AreEqual(rows, Values.ReadByMapper(transformer, data, "Codes", "Features", "Positions"), 1e-4);
        foreach (object[] row in rows)
        {
            int count = ((uint[])row[0]).Length;
            float[] features = (float[])row[1], positions = (float[])row[2];
            Assert.HasCount(count * TinyFeatures.Channels, positions);
            for (int channel = 0; channel < TinyFeatures.Channels; channel++)
            {
                float[] ofChannel = [.. Enumerable.Range(0, count).Select(position => positions[position * TinyFeatures.Channels + channel])];
                float[] firstPart = grid
                    ? [ofChannel[0], ofChannel[1], ofChannel[4], ofChannel[5]] : ofChannel[..((count + 1) / 2)];
                Assert.AreEqual(firstPart.Average(), features[channel], 1e-4);
                Assert.AreEqual(ofChannel.Max(), features[^TinyFeatures.Channels..][channel], 1e-4);
            }
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_loaded_transformer_is_the_one_that_was_saved(bool grid)
    {
        using var folder = new TemporaryFolder();
        IDataView data = TinyFeatures.Data(_ml, grid);
        using FeatureTransformer features = Fit(grid);
        _ml.Model.Save(features, data.Schema, folder.File("model.zip"));
        using var loaded = (FeatureTransformer)new MLContext().Model.Load(folder.File("model.zip"), out _);
        Assert.IsNull(loaded.TrainingSummary);
        IDataView expected = features.Transform(data), actual = loaded.Transform(data);
        Assert.AreEqual(expected.Schema.ToString(), actual.Schema.ToString());
        Values.AreEqual(Values.Read(expected, "Features", "Positions"), Values.Read(actual, "Features", "Positions"));
        Assert.Contains("Trained for 4 of 4 steps", features.ToString());
        Assert.Contains($"'Codes' ({data.Schema["Codes"].Type}) → 'Features' (means of {(grid ? "2×2" : "2")} parts and maximum of 16 "
            + "channels of layer 1)", loaded.ToString());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Training_finds_what_is_regular(bool grid)
    {
        IDataView data = TinyFeatures.Data(_ml, grid, 60);
        FeatureOptions options = TinyFeatures.Options(steps: grid ? 120 : 600);
        using FeatureTransformer features = Fit(grid, options);
        // All five codes are equally frequent; a third of the rows repeats one code, the others go up or down.
        double unigram = Math.Log2(TinyCodes.Codes);
        Assert.IsLessThan(unigram / 2, features.TrainingSummary!.Last.Terms["bits per masked code"]);
        Assert.IsGreaterThan(0.7, features.TrainingSummary.Last.Terms["accuracy of masked codes"]);
    }

    [TestMethod]
    public void Other_layers_and_poolings_share_the_network()
    {
        IDataView data = TinyFeatures.Data(_ml, grid: true);
        FeatureTransformer first = Fit(grid: true);
        using FeatureTransformer mean = first.WithFeatures("Mean", poolingSize: 1, includeMaximum: false, positionsColumnName: "All");
        using FeatureTransformer last = first.WithFeatures("Mean", layer: 2, poolingSize: 1, includeMaximum: false);
        Assert.Contains("from 1 to 2", Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => first.WithFeatures("Mean", layer: 3)).Message);
        Assert.Contains("PoolingSize", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => first.WithFeatures("Mean", poolingSize: 0)).Message);
        Assert.Contains("'Mean' twice", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => first.WithFeatures("Mean", positionsColumnName: "Mean")).Message);
        List<object[]> positions = Values.Read(first.Transform(data), "Positions");
        first.Dispose();
        Assert.AreEqual(TinyFeatures.Channels, mean.Size);
        List<object[]> rows = Values.Read(mean.Transform(data), "All", "Mean");
        Values.AreEqual(positions, [.. rows.Select(row => (object[])[row[0]])]);
        Values.AreEqual([.. rows.Select(row => (object[])[Enumerable.Range(0, 16).Select(channel => Enumerable.Range(0, 12)
            .Average(position => ((float[])row[0])[position * 16 + channel])).ToArray()])], [.. rows.Select(row => (object[])[row[1]])], 1e-4);
        Assert.IsGreaterThan(1e-3, ((float[])Values.Read(last.Transform(data), "Mean")[0][0])
            .Zip((float[])rows[0][1], (a, b) => Math.Abs(a - b)).Max());
    }

    [TestMethod]
    public void The_seed_decides_the_training()
    {
        List<object[]> Features(MLContext ml, int? seed)
        {
            FeatureOptions options = TinyFeatures.Options();
            options.Training.Seed = seed;
            IDataView data = TinyFeatures.Data(ml, grid: false);
            using FeatureTransformer features = ml.Transforms.VqVae.Featurize("Features", "Codes", options).Fit(data);
            return Values.Read(features.Transform(data), "Features");
        }
        List<object[]> first = Features(new MLContext(seed: 1), 3);
        Values.AreEqual(first, Features(new MLContext(seed: 2), 3));
        Values.AreEqual(first, Features(new MLContext(seed: 3), null));
        Assert.AreNotEqual(((float[])first[0][0])[0], ((float[])Features(new MLContext(seed: 4), null)[0][0])[0]);
    }

    [TestMethod]
    [DataRow(true, TrainingPrecision.Single)]
    [DataRow(false, TrainingPrecision.Single)]
    [DataRow(false, TrainingPrecision.BFloat16)]
    public void An_interrupted_training_ends_with_the_same_bits(bool grid, TrainingPrecision precision) =>
        InterruptedTraining.EndsWithTheSameBits(precision, (set, file) =>
        {
            FeatureOptions options = TinyFeatures.Options(steps: 6);
            (options.Network.BagOfCodesWeight, options.Network.ContrastiveWeight, options.Network.Dropout) = (1, 1, 0.1);
            set(options.Training);
            using FeatureTransformer features = Fit(grid, options);
            features.SaveWeights(file);
            return features.TrainingSummary!;
        });

    [TestMethod]
    public void A_warm_start_begins_with_the_weights_of_the_transformer()
    {
        IDataView data = TinyFeatures.Data(_ml, grid: true);
        using FeatureTransformer first = Fit(grid: true);
        FeatureOptions still = TinyFeatures.Options();
        (still.WarmStart, still.Training.LearningRate, still.Training.Seed) = (first, 1e-30, 99);
        using FeatureTransformer second = Fit(grid: true, still);
        Values.AreEqual(Values.Read(first.Transform(data), "Features"), Values.Read(second.Transform(data), "Features"));
        still.Network.FeedForwardChannels = 23;
        Assert.Contains("WarmStart", Assert.ThrowsExactly<InvalidOperationException>(() => Fit(grid: true, still)).Message);
    }

    [TestMethod]
    public void No_tensor_is_left_behind()
    {
        void Work(bool grid)
        {
            IDataView rows = TinyFeatures.Data(_ml, grid);
            FeatureOptions options = TinyFeatures.Options();
            (options.Network.BagOfCodesWeight, options.Network.ContrastiveWeight, options.Network.Dropout) = (1, 1, 0.1);
            using FeatureTransformer features = Fit(grid, options);
            Assert.AreEqual(0, Growth(() => Values.Read(features.Transform(rows), "Features", "Positions")), "after reading");
            Assert.AreEqual(0, Growth(() => Values.ReadByMapper(features, rows, "Features", "Positions")), "after reading row by row");
            Assert.AreEqual(0, Growth(() => features.WithFeatures("Other").Dispose()), "after another transformer");
        }
        foreach (bool grid in (bool[])[true, false])
        {
            // The first time something may stay that is made once.
            Work(grid);
            MaskedCodeTransformerOptions options = TinyFeatures.Options().Network;
            (options.BagOfCodesWeight, options.ContrastiveWeight, options.Dropout) = (1, 1, 0.1);
            CodeGrid codes = grid ? new CodeGrid(3, 4, 1, 5) : CodeGrid.Sequence(5);
            // TorchSharp goes on counting the tensor that a Parameter is made of, so that networks alone make the counter grow.
            long network = Growth(() => new MaskedCodeTransformer(options, codes, 0, seed: 1).Dispose());
            Assert.AreEqual(network, Growth(() => Work(grid)), "after fit, transform and dispose");
        }
    }

    [TestMethod]
    public void A_crop_length_beyond_all_rows_takes_them_whole()
    {
        List<object[]> Read(int cropLength)
        {
            FeatureOptions options = TinyFeatures.Options();
            options.CropLength = cropLength;
            using FeatureTransformer transformer = Fit(grid: false, options);
            return Values.Read(transformer.Transform(TinyFeatures.Data(_ml, grid: false)), "Features");
        }
        Values.AreEqual(Read(1000), Read(int.MaxValue));
    }
}
