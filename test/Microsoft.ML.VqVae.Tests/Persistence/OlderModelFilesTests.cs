using System.Collections;
using System.Reflection;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>Model files, weights and a checkpoint that an older version wrote, in test/golden/models: they load, and give what they gave
/// then. README.md beside the files says how they were made.</summary>
[TestClass]
public sealed class OlderModelFilesTests
{
    /// <summary>Names of the loaders that came after the files were made, which have no file yet.</summary>
    static readonly string[] NewerLoaders =
    [
        "VqVaeSeriesEncoder", "VqVaeSeriesDecoder", "VqVaeNearestRows", "VqVaeFeatures", "VqVaeImageFeatures", "VqVaeAnomalies", "VqVaeVocoder",
    ];

    internal static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "golden", "models");

    public static IEnumerable<object[]> Models => Names(Folder, "*.zip");

    public static IEnumerable<object[]> Weights => Names(Path.Combine(Folder, "weights"), "*.safetensors");

    [TestMethod]
    [DynamicData(nameof(Models))]
    public void A_model_file_gives_what_it_gave(string name)
    {
        RecordedModel recorded = RecordedModel.Read(Path.Combine(Folder, name + ".json"));
        ITransformer model = Load(name);
        using var owner = model as IDisposable;
        Assert.Contains(recorded.Loader, LoadersOf(model));
        recorded.AssertGivenBy(model);
    }

    [TestMethod]
    public void Every_kind_of_transformer_has_a_model_file()
    {
        string[] saved = [.. Models.SelectMany(model =>
        {
            ITransformer transformer = Load((string)model[0]);
            using var owner = transformer as IDisposable;
            return LoadersOf(transformer);
        })];
        string[] known = [.. Loaders().SelectMany(loader => loader.Names)];
        Assert.IsNotEmpty(known);
        CollectionAssert.IsSubsetOf(NewerLoaders, known, "A newer loader is not in the library.");
        CollectionAssert.AreEquivalent(known.Except(NewerLoaders).Order().ToArray(), saved.Distinct().Order().ToArray(),
            "The loaders of the library are not those of the files in test/golden/models. A new kind of transformer belongs into "
            + $"{nameof(NewerLoaders)} until the next release, whose files have it.");
        CollectionAssert.AreEqual(
            Names(Folder, "*.json").Select(name => name[0]).ToArray(), Models.Select(name => name[0]).ToArray(),
            "Every model file needs a JSON file of its name, and the other way round.");
    }

    [TestMethod]
    [DynamicData(nameof(Weights))]
    public void Weights_make_a_model_give_what_the_model_gave_that_they_were_saved_from(string name)
    {
        string path = Path.Combine(Folder, "weights", name);
        RecordedModel recorded = RecordedModel.Read(path + ".json");
        ITransformer model = Load(name);
        using var owner = model as IDisposable;
        Assert.Throws<AssertFailedException>(() => recorded.AssertGivenBy(model), "The model has the weights already.");
        ((NetworkTransformer)model).LoadWeights(path + ".safetensors");
        recorded.AssertGivenBy(model);
    }

    [TestMethod]
    public void Training_goes_on_from_a_checkpoint_and_ends_as_it_ended()
    {
        RecordedModel recorded = RecordedModel.Read(Path.Combine(Folder, "checkpoint", "run.json"));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vqvae-test-");
        try
        {
            foreach (string file in Directory.GetFiles(Path.Combine(Folder, "checkpoint"), "*.safetensors"))
                File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            var ml = new MLContext();
            using ImageVqVaeTransformer model = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", CheckpointedRun(folder.FullName))
                .Fit(recorded.Inputs.ToView(ml, Folder));
            Assert.AreEqual(CheckpointedStep, model.TrainingSummary!.ResumedFromStep);
            recorded.AssertGivenBy(model);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestMethod]
    public void Training_that_goes_on_from_a_checkpoint_stops_early_with_the_best_weights_in_it()
    {
        RecordedModel recorded = RecordedModel.Read(Path.Combine(Folder, "checkpoint", "run.json"));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vqvae-test-");
        try
        {
            string best = Path.Combine(Folder, "checkpoint-best");
            File.Copy(Path.Combine(best, "checkpoint.safetensors"), Path.Combine(folder.FullName, "checkpoint.safetensors"));
            ImageVqVaeOptions options = CheckpointedRun(folder.FullName);
            (options.Training.Steps, options.Training.LearningRate) = (20, 1);
            (options.Training.ValidationFraction, options.Training.ValidateEverySteps, options.Training.EarlyStoppingPatience) = (0.2, 2, 3);
            var ml = new MLContext();
            using ImageVqVaeTransformer model =
                ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(recorded.Inputs.ToView(ml, Folder));
            TrainingSummary summary = model.TrainingSummary!;
            Assert.AreEqual((7L, 6L, 12L, true),
                (summary.ResumedFromStep!.Value, summary.BestValidationStep!.Value, summary.Steps, summary.StoppedEarly));
            // The weights of step 6, which only the checkpoint has.
            string written = Path.Combine(folder.FullName, "weights");
            model.SaveWeights(written);
            using SafetensorsContent actual = Safetensors.ReadFile(written);
            using SafetensorsContent expected = Safetensors.ReadFile(Path.Combine(best, "weights.safetensors"));
            CollectionAssert.AreEquivalent(expected.Tensors.Keys.ToArray(), actual.Tensors.Keys.ToArray());
            using DisposeScope scope = NewDisposeScope();
            foreach ((string name, Tensor tensor) in expected.Tensors)
            {
                Tensor found = actual.Tensors[name].to(ScalarType.Float64);
                Assert.IsTrue(tensor.to(ScalarType.Float64).allclose(found, rtol: 1e-4, atol: 1e-5), name);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The step after which the run was cancelled that wrote the checkpoint.</summary>
    internal const int CheckpointedStep = 6;

    /// <summary>The settings of the run that wrote the checkpoint.</summary>
    internal static ImageVqVaeOptions CheckpointedRun(string folder)
    {
        var options = ImageVqVaeOptions.Fast();
        options.ReconstructionColumnName = "Decoded";
        (options.Codec.HiddenChannels, options.Codec.OuterChannels, options.Codec.ResidualChannels, options.Codec.ResidualBlocks) =
            (8, 0, 4, 1);
        (options.VectorQuantizer.Codes, options.VectorQuantizer.Dimensions, options.VectorQuantizer.UnquantizedSteps) = (6, 4, 3);
        (options.Training.Steps, options.Training.BatchSize, options.Training.Seed) = (10, 8, 3);
        options.Training.LearningRate = 1e-2;
        options.Training.CheckpointFolder = folder;
        return options;
    }

    static IEnumerable<object[]> Names(string folder, string pattern) => Directory.GetFiles(folder, pattern)
        .Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal).Select(name => (object[])[name]);

    static ITransformer Load(string name) => new MLContext().Model.Load(Path.Combine(Folder, name + ".zip"), out _);

    /// <summary>The names of the loaders of a transformer, or of those in a chain.</summary>
    internal static string[] LoadersOf(ITransformer transformer) => transformer is IEnumerable chain
        ? [.. chain.Cast<ITransformer>().SelectMany(LoadersOf)]
        : [.. Loaders().Where(loader => loader.Type == transformer.GetType()).SelectMany(loader => loader.Names)];

    /// <summary>The classes by which ML.NET finds the library's transformers in files. The attribute is not public: it is found by its
    /// name, and its arguments are the class first and the names of the loader last.</summary>
    static IEnumerable<(Type? Type, string[] Names)> Loaders() => typeof(VqVaeCatalog).Assembly.GetCustomAttributesData()
        .Where(attribute => attribute.AttributeType.Name == "LoadableClassAttribute")
        .Select(attribute => ((Type?)attribute.ConstructorArguments[0].Value,
            ((IEnumerable<CustomAttributeTypedArgument>)attribute.ConstructorArguments[^1].Value!)
                .Select(argument => (string)argument.Value!).ToArray()));
}

/// <summary>What a model was given and what it gave, as JSON beside its file.</summary>
/// <param name="About">The model in words.</param>
/// <param name="Loader">The name by which ML.NET finds its loader.</param>
/// <param name="Inputs">Rows.</param>
/// <param name="Outputs">The columns that the model adds to them; for ExpandFrames, whose rows are others, those that it makes.</param>
/// <param name="Samples">For priors, codes that were drawn.</param>
internal sealed record RecordedModel(string About, string Loader, RecordedTable Inputs, RecordedTable Outputs, RecordedSamples? Samples)
{
    public static RecordedModel Read(string path)
    {
        Assert.IsTrue(File.Exists(path), $"{path} is missing: it says what the model gave.");
        return JsonSerializer.Deserialize<RecordedModel>(File.ReadAllText(path), RecordedTable.Format)!;
    }

    /// <summary>Records what a model gives.</summary>
    public static RecordedModel Of(ITransformer model, string about, RecordedTable inputs, RecordedSamples? samples = null) => new(
        about, OlderModelFilesTests.LoadersOf(model).Single(), inputs, OutputsOf(model, inputs),
        samples is null ? null : samples with { Rows = samples.Draw(model, inputs) });

    /// <summary>Asserts that a model gives what was recorded.</summary>
    public void AssertGivenBy(ITransformer model)
    {
        Outputs.AssertEquals(OutputsOf(model, Inputs));
        if (Samples is not null)
            Samples.Rows!.AssertEquals(Samples.Draw(model, Inputs));
    }

    static RecordedTable OutputsOf(ITransformer model, RecordedTable inputs)
    {
        string[] given = [.. inputs.Columns.Select(column => column.Name)];
        IDataView rows = inputs.ToView(new MLContext(), OlderModelFilesTests.Folder);
        return RecordedTable.Of(model.Transform(rows), name => !given.Contains(name));
    }
}

/// <summary>Codes that a prior draws with a seed, and their bits.</summary>
/// <param name="Seed">The seed of the MLContext.</param>
/// <param name="Count">How many rows, or rollouts of each episode of the inputs.</param>
/// <param name="Names">The conditions, one for each row, or the actions, one for each frame; null where the prior has none.</param>
/// <param name="Rows">The codes and what the prior says of them.</param>
internal sealed record RecordedSamples(int Seed, int Count, string[]? Names, RecordedTable? Rows = null)
{
    public RecordedTable Draw(ITransformer model, RecordedTable inputs)
    {
        var ml = new MLContext(Seed);
        IDataView drawn = (model, Names) switch
        {
            (PriorTransformer prior, null) => prior.Sample(ml, Count),
            (PriorTransformer prior, _) => prior.Sample(ml, Names),
            _ => ((VideoPriorTransformer)model).Rollout(ml, inputs.ToView(ml, OlderModelFilesTests.Folder), Names!, Count),
        };
        return RecordedTable.Of(model is PriorTransformer ? model.Transform(drawn) : drawn, _ => true);
    }
}
