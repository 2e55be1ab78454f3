using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using TorchSharp;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Latents of codes as ML.NET components.</summary>
[TestClass]
public class CodesVqVaePipelineTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class Grid
    {
        [VectorType(4, 3, 1), KeyType(6)]
        public uint[] Codes { get; set; } = [];

        public string Name { get; set; } = "";
    }

    sealed class Flat
    {
        [VectorType(12), KeyType(5)]
        public uint[] Codes { get; set; } = new uint[12];
    }

    static CodesVqVaeOptions Options() => new()
    {
        Codec = new CodesCodecOptions
        {
            EmbeddingChannels = 4, HiddenChannels = 8, ResidualBlocks = 1,
            Decoder = new PixelCnnOptions { Layers = 2, Channels = 8, MapChannels = 4 },
        },
        Quantizer = new VectorQuantizerOptions
        {
            Codes = 4, Dimensions = 4, CodesPerPosition = 3, SeparateCodebooks = true, Learning = CodebookLearning.MovingAverage,
            InitializeFromData = true, UnquantizedSteps = 2,
        },
        Training = new TrainingOptions { Steps = 8, BatchSize = 8, LearningRate = 1e-2, Seed = 4 },
        BitsColumnName = "Bits",
        PredictionBatchSize = 4,
    };

    IDataView Data(int rows = 20)
    {
        var random = new Random(1);
        return _ml.Data.LoadFromEnumerable([.. Enumerable.Range(0, rows).Select(row => new Grid
        {
            Codes = [.. Enumerable.Range(0, 12).Select(_ => (uint)random.Next(1, 7))], Name = $"{row}",
        })]);
    }

    CodesVqVaeTransformer Fit(Action<CodesVqVaeOptions>? change = null)
    {
        CodesVqVaeOptions options = Options();
        change?.Invoke(options);
        return _ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", options).Fit(Data());
    }

    [TestMethod]
    public void The_schema_that_is_foretold_is_the_one_that_comes()
    {
        CodesVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", Options());
        SchemaShape foretold = estimator.GetOutputSchema(Tiny.Shape(Data().Schema));
        using CodesVqVaeTransformer transformer = estimator.Fit(Data());
        SchemaShape real = Tiny.Shape(transformer.Transform(Data()).Schema);
        foreach (SchemaShape.Column column in real)
        {
            SchemaShape.Column? expected = foretold.Cast<SchemaShape.Column?>().FirstOrDefault(other => other!.Value.Name == column.Name);
            Assert.IsNotNull(expected, column.Name);
            Assert.AreEqual((expected.Value.Kind, expected.Value.ItemType, expected.Value.IsKey), (column.Kind, column.ItemType, column.IsKey));
        }
        DataViewSchema.Column latents = transformer.GetOutputSchema(Data().Schema)["Latents"];
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), 4), 3), latents.Type);
        Assert.AreEqual((3, 4), (transformer.Latents, transformer.Codes));
    }

    [TestMethod]
    public void Rows_alone_and_in_batches_and_after_loading_are_the_same()
    {
        using CodesVqVaeTransformer transformer = Fit();
        List<object[]> expected = Values.Read(transformer.Transform(Data()), "Latents", "Bits", "Name");
        Values.AreEqual(expected, Values.ReadByMapper(transformer, Data(), "Latents", "Bits", "Name"), 1e-3);
        using var file = new MemoryStream();
        _ml.Model.Save(transformer, Data().Schema, file);
        file.Position = 0;
        ITransformer loaded = new MLContext().Model.Load(file, out _);
        Values.AreEqual(expected, Values.Read(loaded.Transform(Data()), "Latents", "Bits", "Name"));
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    public void Latents_are_decoded_to_codes_like_those_trained_on()
    {
        CodesVqVaeTransformer transformer = Fit();
        using CodesVqVaeDecoderTransformer decoder = transformer.Decoder("Again", seed: 3);
        IDataView latents = _ml.Data.Cache(transformer.Transform(Data()), "Latents");
        Values.Read(latents, "Latents");
        transformer.Dispose();
        IDataView decoded = decoder.Transform(latents);
        Assert.AreEqual(Data().Schema["Codes"].Type, decoded.Schema["Again"].Type);
        List<object[]> expected = Values.Read(decoded, "Again");
        Values.AreEqual(expected, Values.ReadByMapper(decoder, latents, "Again"));
        Assert.IsTrue(expected.SelectMany(row => (uint[])row[0]).All(key => key is >= 1 and <= 6));
        using var file = new MemoryStream();
        _ml.Model.Save(decoder, latents.Schema, file);
        file.Position = 0;
        using var loaded = (CodesVqVaeDecoderTransformer)_ml.Model.Load(file, out _);
        Values.AreEqual(expected, Values.Read(loaded.Transform(latents), "Again"));
    }

    [TestMethod]
    public void A_row_costs_its_own_bits_given_its_own_latents()
    {
        using CodesVqVaeTransformer transformer = Fit();
        using CodesLikelihoodTransformer likelihood = transformer.Likelihood("Cost");
        IDataView scored = likelihood.Transform(transformer.Transform(Data()));
        Values.AreEqual(Values.Read(scored, "Bits"), Values.Read(scored, "Cost"));
        using var file = new MemoryStream();
        _ml.Model.Save(likelihood, transformer.GetOutputSchema(Data().Schema), file);
        file.Position = 0;
        using var loaded = (CodesLikelihoodTransformer)_ml.Model.Load(file, out _);
        Values.AreEqual(Values.Read(scored, "Cost"), Values.Read(loaded.Transform(transformer.Transform(Data())), "Cost"));
        Assert.Contains("latents column 'Codes'", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => transformer.Likelihood("Cost", latentsColumnName: "Codes").Transform(Data())).Message);
    }

    [TestMethod]
    public void An_interrupted_training_ends_in_the_same_weights()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            using CodesVqVaeTransformer whole = Fit();
            using var stop = new CancellationTokenSource();
            Assert.ThrowsExactly<OperationCanceledException>(() => Fit(options =>
            {
                options.Training.CheckpointFolder = folder;
                options.Training.ProgressEverySteps = 1;
                options.Training.Progress = new StopAt(5, stop);
                options.Training.CancellationToken = stop.Token;
            }));
            using CodesVqVaeTransformer resumed = Fit(options => options.Training.CheckpointFolder = folder);
            Values.AreEqual(
                Values.Read(whole.Transform(Data()), "Latents", "Bits"), Values.Read(resumed.Transform(Data()), "Latents", "Bits"));
            // A training from the start would end with the same weights.
            Assert.AreEqual(5L, resumed.TrainingSummary!.ResumedFromStep);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    sealed class StopAt(long step, CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step >= step)
                source.Cancel();
        }
    }

    [TestMethod]
    public void What_cannot_work_is_refused_before_training()
    {
        Assert.Contains("more than one output column", Assert.ThrowsExactly<ArgumentException>(
            () => _ml.Transforms.VqVae.EncodeCodes("Bits", "Codes", Options())).Message);
        Assert.Contains("Codec.Decoder", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => Fit(options => options.Codec.Decoder.Height = 5)).Message);
        Assert.Contains("Could not find codes column 'Nothing'", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Transforms.VqVae.EncodeCodes("Latents", "Nothing", Options()).Fit(Data())).Message);
        Assert.Contains("no rows", Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", Options()).Fit(_ml.Data.LoadFromEnumerable(new List<Grid>())))
            .Message);
        using CodesVqVaeTransformer transformer = Fit();
        ArgumentOutOfRangeException mismatch = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => transformer.Transform(_ml.Data.LoadFromEnumerable([new Flat()])));
        Assert.Contains("'Codes'", mismatch.Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => transformer.Decoder("Again", temperature: 0));
    }

    [TestMethod]
    public void No_tensor_is_left()
    {
        Fit().Dispose();
        Assert.AreEqual(Growth(() => Fit().Dispose()), Growth(() => Fit(options => options.Training.Steps = 12).Dispose()), "per step");
        using CodesVqVaeTransformer transformer = Fit();
        Assert.AreEqual(0, Growth(() =>
        {
            using CodesVqVaeDecoderTransformer decoder = transformer.Decoder("Again");
            Values.Read(decoder.Transform(transformer.Transform(Data())), "Again", "Bits");
        }));
    }

    [TestMethod]
    public void Training_goes_on_from_a_trained_transformer()
    {
        using CodesVqVaeTransformer first = Fit();
        using CodesVqVaeTransformer second = Fit(options => options.WarmStart = first);
        string folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        try
        {
            second.SaveWeights(Path.Combine(folder, "weights"));
            using SafetensorsContent weights = Safetensors.ReadFile(Path.Combine(folder, "weights"));
            Assert.AreEqual(16, weights.Tensors["quantizer.steps"].item<long>(), "the codebook of 8 steps has learned for 8 more");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        Assert.AreNotEqual(first.TrainingSummary!.Last.Loss, second.TrainingSummary!.Last.Loss);
    }
}
