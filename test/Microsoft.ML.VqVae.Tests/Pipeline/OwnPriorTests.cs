using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Reliability;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Networks that <see cref="PriorOptions.CustomNetwork"/> brings into a pipeline, one of an application's own among them: nothing in
/// the library names it.</summary>
[TestClass]
public sealed class OwnPriorTests
{
    readonly MLContext _ml = new(seed: 1);

    IDataView Data(bool grid, int count = 60) => grid ? TinyCodes.Grids(_ml, count) : TinyCodes.Lines(_ml, count);

    static PriorOptions Options(CodePriorOptions network, int steps, double learningRate) => new()
    {
        CustomNetwork = network,
        Training = new() { Steps = steps, BatchSize = 16, LearningRate = learningRate, Seed = 3 },
        PerCodeColumnName = "PerCode",
        PredictionBatchSize = 7,
    };

    static PriorOptions Bigram(int steps = 150) => Options(new BigramOptions { Smoothing = 0.5 }, steps, learningRate: 0.1);

    static PriorOptions Transformer(int steps) =>
        Options(new TransformerPriorOptions { Layers = 2, Channels = 16, Heads = 2, Dropout = 0.05 }, steps, learningRate: 1e-2);

    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(false, false)]
    public void A_network_learns_scores_samples_and_is_saved_and_loaded(bool ofTheTests, bool grid)
    {
        IDataView data = Data(grid);
        PriorOptions options = ofTheTests ? Bigram() : Transformer(steps: 120);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(data);
        Assert.AreEqual(PriorNetwork.Custom, prior.Network);
        List<object[]> scored = Values.Read(prior.Transform(data), "Bits", "PerCode");
        Values.AreEqual(scored, Values.ReadByMapper(prior, data, "Bits", "PerCode"), 1e-4);
        // The first code is any of five; given it and the class, all others are certain.
        foreach (object[] row in scored)
            Assert.IsLessThan(0.25 * Math.Log2(TinyCodes.Codes), ((float[])row[1])[1..].Average());
        foreach ((string name, int step) in (ReadOnlySpan<(string, int)>)[("up", 1), ("down", TinyCodes.Codes - 1), ("flat", 0)])
        {
            List<object[]> rows = Values.Read(prior.Sample(_ml, 20, name), "Codes");
            uint[][] samples = [.. rows.Select(row => (uint[])row[0])];
            int all = samples.Sum(keys => keys.Length - 1);
            int right = samples.Sum(keys => keys.Zip(keys.Skip(1)).Count(
                pair => (pair.First - 1 + step) % TinyCodes.Codes == pair.Second - 1));
            Assert.IsGreaterThan(0.85, (double)right / all, name);
            Values.AreEqual(rows, Values.Read(prior.Sample(_ml, 20, name, new() { Cached = false }), "Codes"));
        }

        using var file = new MemoryStream();
        _ml.Model.Save(prior, data.Schema, file);
        file.Position = 0;
        using var loaded = (PriorTransformer)new MLContext().Model.Load(file, out _);
        Assert.AreEqual(PriorNetwork.Custom, loaded.Network);
        Values.AreEqual(scored, Values.Read(loaded.Transform(data), "Bits", "PerCode"));
        Values.AreEqual(Values.Read(prior.Sample(_ml, 5, "up"), "Codes", "Label"), Values.Read(loaded.Sample(_ml, 5, "up"), "Codes", "Label"));
    }

    [TestMethod]
    public void Bits_follow_from_the_table_of_the_bigram()
    {
        IDataView data = Data(grid: false, 9);
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, Bigram(steps: 5)).Fit(data);
        string path = Path.GetTempFileName();
        try
        {
            prior.SaveWeights(path);
            using SafetensorsContent weights = Safetensors.ReadFile(path);
            float[] table = TensorAssert.Floats(weights.Tensors["table"]);
            foreach (object[] row in Values.Read(prior.Transform(data), "Codes", "PerCode"))
            {
                uint[] keys = (uint[])row[0];
                for (int i = 0; i < keys.Length; i++)
                {
                    int before = i == 0 ? TinyCodes.Codes : (int)keys[i - 1] - 1;
                    // The settings were read again from JSON: logits are divided by a Smoothing of 0.5.
                    double[] odds = [.. table.Skip(before * TinyCodes.Codes).Take(TinyCodes.Codes).Select(logit => Math.Exp(logit / 0.5))];
                    Assert.AreEqual(-Math.Log2(odds[keys[i] - 1] / odds.Sum()), ((float[])row[1])[i], 1e-4);
                }
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    [DataRow("BigramOptions, ", "BigramUnknown, ")]
    [DataRow(", Microsoft.ML.VqVae.Tests\"", ", Microsoft.ML.VqVae.Texts\"")]
    public void A_type_that_cannot_be_found_is_named(string text, string replacement)
    {
        using var stream = new MemoryStream();
        using (PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, Bigram(steps: 1)).Fit(Data(grid: true, 6)))
            _ml.Model.Save(prior, null, stream);
        string description = ModelArchive.ReadDescription(stream.ToArray());
        Assert.Contains(text, description);
        byte[] edited = ModelArchive.ReplaceDescription(stream.ToArray(), description.Replace(text, replacement));
        string message = Assert.Throws<Exception>(() => _ml.Model.Load(new MemoryStream(edited), out _)).ToString();
        Assert.Contains("The model needs the type 'Microsoft.ML.VqVae.Tests.Pipeline.Bigram", message);
        Assert.Contains("which cannot be loaded. Reference the assembly in the application that loads the model.", message);
    }

    [TestMethod]
    public void A_type_that_is_no_prior_is_not_created()
    {
        const string Text = """{"Type": "System.Text.StringBuilder, System.Runtime", "Settings": {}}""";
        FormatException error = Assert.ThrowsExactly<FormatException>(
            () => JsonSerializer.Deserialize(Text, OpenTypeConverter<CodePriorOptions>.TypeInfo));
        Assert.Contains("'System.Text.StringBuilder', which is no CodePriorOptions", error.Message);
    }

    [TestMethod]
    [DataRow(BigramMistake.Null, "null")]
    [DataRow(BigramMistake.Codes, "6, 3, null and 0")]
    [DataRow(BigramMistake.Conditions, "5, 4, null and 0")]
    [DataRow(BigramMistake.Length, "5, 3, 99 and 0")]
    public void A_network_of_other_sizes_is_refused(BigramMistake mistake, string found)
    {
        foreach (bool grid in (bool[])[true, false])
        {
            PriorOptions options = Options(new BigramOptions { Mistake = mistake }, steps: 1, learningRate: 0.1);
            InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(
                () => _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(Data(grid, 6)));
            string length = grid ? "12 or null" : "null";
            Assert.AreEqual(
                "The network of BigramOptions.CreateNetwork must have Codes 5, Conditions 3, Length " + length
                + $" and MapChannels 0, but has {found}.", error.Message);
        }
    }

    [TestMethod]
    public void Settings_that_cannot_work_or_cannot_be_saved_are_refused()
    {
        PriorOptions options = Options(new BigramOptions { Smoothing = -2 }, steps: 1, learningRate: 0.1);
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options));
        Assert.Contains("Smoothing must be above 0, but is -2", error.Message);

        options.CustomNetwork = new TransformerPriorOptions { Heads = 3, Channels = 64, Layers = 0 };
        error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options));
        Assert.Contains("Layers must be 1 or more, but is 0; Channels must be a positive multiple of Heads · 2, but is 64", error.Message);

        options.CustomNetwork = new UnsavableOptions(number => number);
        ArgumentException unsaved = Assert.ThrowsExactly<ArgumentException>(
            () => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(Data(grid: true, 6)));
        Assert.Contains(
            "CustomNetwork is a Microsoft.ML.VqVae.Tests.Pipeline.UnsavableOptions, whose settings cannot be saved", unsaved.Message);
    }
}
