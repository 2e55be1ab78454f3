using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>What a prior cannot work with is refused at every stage, in words that name the column, what was expected and what was
/// found.</summary>
[TestClass]
public class PriorInvalidInputTests
{
    readonly MLContext _ml = new(seed: 1);

    sealed class OtherGrid
    {
        [VectorType(4, 4, 1), KeyType(TinyCodes.Codes)]
        public uint[] Codes { get; set; } = [.. Enumerable.Repeat(1u, 16)];

        public string Class { get; set; } = "up";
    }

    sealed class TurnedGrid
    {
        [VectorType(4, 3, 1), KeyType(TinyCodes.Codes)]
        public uint[] Codes { get; set; } = [.. Enumerable.Repeat(1u, 12)];

        public string Class { get; set; } = "up";
    }

    sealed class OtherCodebook
    {
        [VectorType(3, 4, 1), KeyType(TinyCodes.Codes + 1)]
        public uint[] Codes { get; set; } = [.. Enumerable.Repeat(1u, 12)];

        public string Class { get; set; } = "up";
    }

    sealed class NoKeys
    {
        [VectorType(3, 4, 1)]
        public float[] Codes { get; set; } = new float[12];

        public string Class { get; set; } = "up";
    }

    sealed class NoCodes
    {
        public string Class { get; set; } = "up";
    }

    [TestMethod]
    public void Another_grid_is_refused()
    {
        Refused<OtherGrid>("Schema mismatch for codes column 'Codes'", "3, 4, 1", "4, 4, 1");
        Refused<TurnedGrid>("Schema mismatch for codes column 'Codes'", "3, 4, 1", "4, 3, 1");
    }

    [TestMethod]
    public void Codes_of_another_codebook_are_refused() =>
        Refused<OtherCodebook>("Schema mismatch for codes column 'Codes'", "which the model was trained on");

    [TestMethod]
    public void A_column_that_is_missing_or_holds_no_codes_is_refused()
    {
        Refused<NoKeys>("Schema mismatch for codes column 'Codes'", "Single");
        Refused<NoCodes>("Could not find codes column 'Codes'", "'Class'");
        IDataView data = TinyCodes.Grids(_ml, 3);
        foreach ((string codes, string? condition, string words) in (ReadOnlySpan<(string, string?, string)>)
            [("Number", null, "codes column 'Number'"), ("Codes", "Speaker", "Could not find condition column 'Speaker'"),
                ("Codes", "Class", "condition column 'Class'"), ("Codes", "Codes", "condition column 'Codes'")])
        {
            PriorEstimator estimator = _ml.Transforms.VqVae.Prior("Bits", codes, condition, TinyCodes.Options());
            Throws([words], () => estimator.GetOutputSchema(Tiny.Shape(data.Schema)));
            Throws([words], () => estimator.Fit(data));
        }
    }

    void Refused<T>(params string[] words) where T : class, new()
    {
        IDataView data = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable([new T(), new T()]));
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        Throws(words, () => prior.GetOutputSchema(data.Schema));
        Throws(words, () => prior.Transform(data));
        Throws(words, () => ((ITransformer)prior).GetRowToRowMapper(data.Schema));
        Throws(words, () => prior.Complete(_ml, data));
    }

    [TestMethod]
    public void A_missing_condition_column_is_refused()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        IDataView data = _ml.Data.LoadFromEnumerable(TinyCodes.Grids(3));
        Throws(["Could not find condition column 'Label'"], () => prior.Transform(data));
        Throws(["Could not find condition column 'Label'"], () => prior.Complete(_ml, data));
    }

    [TestMethod]
    public void A_condition_that_training_has_not_seen_is_refused()
    {
        TinyCodes.Grid[] rows = TinyCodes.Grids(6);
        rows[4].Class = "sideways";
        IDataView data = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(rows));
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        string[] words = ["Row 4 of condition column 'Label' has 'sideways'", "'up', 'down', 'flat'"];
        ThrowsData(words, () => Values.Read(prior.Transform(data), "Bits"));
        ThrowsData(words, () => Values.ReadByMapper(prior, data, "Bits"));
        ThrowsData(words, () => prior.Complete(_ml, data));
        Throws(["'sideways'", "'up', 'down', 'flat'"], () => prior.Sample(_ml, 2, "sideways"));

        // A key value of which there was no row is as unknown: its weights are those of the start.
        IDataView some = _ml.Data.TakeRows(data, 3);
        using PriorTransformer fitted = _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", TinyCodes.Options(1)).Fit(some);
        CollectionAssert.AreEqual(TinyCodes.Classes, fitted.Conditions.ToArray());
        Throws(["'sideways'"], () => fitted.Sample(_ml, 2, "sideways"));
        ThrowsData(["Row 4", "'sideways'"], () => Values.Read(fitted.Transform(data), "Bits"));
    }

    [TestMethod]
    public void A_missing_condition_is_named_by_row()
    {
        IDataView data = TinyCodes.Grids(_ml, 6);
        ValueToKeyMappingTransformer labels = _ml.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(data);
        TinyCodes.Grid[] rows = TinyCodes.Grids(6);
        rows[2].Class = "none";
        IDataView missing = labels.Transform(_ml.Data.LoadFromEnumerable(rows));
        string[] words = ["Row 2 of condition column 'Label' has no value"];
        ThrowsData(words, () => _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", TinyCodes.Options()).Fit(missing));
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        ThrowsData(words, () => Values.Read(prior.Transform(missing), "Bits"));
    }

    [TestMethod]
    [DataRow(0u, "has no code in slot 7 (a missing key)")]
    [DataRow(6u, "has the key 6 in slot 7; expected are keys from 1 to 5")]
    public void Codes_that_are_missing_or_out_of_range_are_named_by_row_and_slot(uint key, string text)
    {
        TinyCodes.Grid[] rows = TinyCodes.Grids(6);
        rows[4].Codes[7] = key;
        IDataView data = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(rows));
        string[] words = [$"Row 4 of codes column 'Codes' {text}"];
        ThrowsData(words, () => _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", TinyCodes.Options()).Fit(data));
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        ThrowsData(words, () => Values.Read(prior.Transform(data), "Bits"));
        if (key != 0)
            ThrowsData(words, () => prior.Complete(_ml, data));
    }

    [TestMethod]
    public void A_row_without_codes_is_refused()
    {
        TinyCodes.Line[] rows = TinyCodes.Lines(6);
        rows[3].Codes = [];
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        ThrowsData(["Row 3 of codes column 'Codes' has no codes"],
            () => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options()).Fit(data));
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        ThrowsData(["Row 3 of codes column 'Codes' has no codes"], () => Values.Read(prior.Transform(data), "Bits"));
    }

    [TestMethod]
    public void An_empty_view_is_refused()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(TinyCodes.Grids(0));
        ThrowsData(["has no rows", "'Codes'"], () => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options()).Fit(data));
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        ThrowsData(["has no rows", "'Codes'"], () => prior.Complete(_ml, data));
        Assert.IsEmpty(Values.Read(prior.Transform(data), "Bits"));
    }

    [TestMethod]
    public void Requests_for_samples_that_cannot_be_met_say_why()
    {
        using PriorTransformer grid = TinyCodes.UntrainedGrid(_ml), free = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        using PriorTransformer line = TinyCodes.UntrainedLine(_ml);
        Assert.Contains("'up', 'down', 'flat'", Assert.Throws<ArgumentException>(() => grid.Sample(_ml, 2)).Message);
        Assert.Contains("has no conditions", Assert.Throws<ArgumentException>(() => free.Sample(_ml, 2, "up")).Message);
        Assert.Contains("has no conditions", Assert.Throws<ArgumentException>(() => free.Sample(_ml, (string[])["up"])).Message);
        Assert.Contains("count", Assert.Throws<ArgumentOutOfRangeException>(() => grid.Sample(_ml, 0, "up")).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => grid.Sample(_ml, (string[])[]));
        Assert.Contains("12 codes", Assert.Throws<ArgumentException>(() => grid.Sample(_ml, 2, "up", new() { Length = 13 })).Message);
        string all = Assert.Throws<ArgumentException>(() => line.Sample(_ml, 2, "up",
            new() { Length = 0, Temperature = 0, TopK = 0, BatchSize = 257 })).Message;
        foreach (string name in (string[])["Length", "Temperature", "TopK", "BatchSize"])
            Assert.Contains(name, all);
    }

    [TestMethod]
    public void Options_that_cannot_work_are_named_at_once_before_there_are_data()
    {
        PriorOptions options = TinyCodes.Options();
        (options.PixelCnn.Layers, options.PixelCnn.KernelSize) = (0, 4);
        options.WaveNet.Blocks = 0;
        options.Training.BatchSize = 0;
        options.PredictionBatchSize = 0;
        options.PerCodeColumnName = "";
        ArgumentException exception = Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options));
        foreach (string name in (string[])["Layers", "KernelSize", "Blocks", "BatchSize", "PredictionBatchSize", "PerCodeColumnName"])
            Assert.Contains(name, exception.Message);
        options = TinyCodes.Options();
        options.PerCodeColumnName = "Bits";
        Assert.Contains("'Bits'", Assert.Throws<ArgumentException>(() => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options)).Message);
    }

    [TestMethod]
    public void Options_that_contradict_the_columns_are_refused()
    {
        IDataView data = TinyCodes.Grids(_ml, 6);
        void Contradicted(Action<PriorOptions> change, params string[] words)
        {
            PriorOptions options = TinyCodes.Options();
            change(options);
            Throws(words, () => _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(data));
        }
        Contradicted(options => options.PixelCnn.Height = 5, "'Codes'", "5×?×1", "3, 4, 1");
        Contradicted(options => options.PixelCnn.Codes = 9, "Codes = 9", "give 5");
        Contradicted(options => options.PixelCnn.Conditions = 2, "Conditions = 2", "give 3");
        Contradicted(options => options.PixelCnn.MapChannels = 2, "MapChannels");
        IDataView lines = TinyCodes.Lines(_ml, 6);
        PriorOptions pixelCnn = TinyCodes.Options();
        pixelCnn.Network = PriorNetwork.PixelCnn;
        Throws(["'Codes'", "WaveNet"], () => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, pixelCnn).Fit(lines));
    }

    [TestMethod]
    [DataRow("EncodeCodes")]
    [DataRow("Prior")]
    [DataRow("VideoPrior")]
    [DataRow("DetectAnomalies")]
    public void Codes_of_unknown_size_are_refused_before_the_codec_is_trained_where_a_grid_is_needed(string method)
    {
        PriorOptions grid = TinyCodes.Options();
        grid.Network = PriorNetwork.PixelCnn;
        IDataView data = _ml.Transforms.Conversion.MapValueToKey("Key", "Number").Fit(TinySeries.Data(_ml)).Transform(TinySeries.Data(_ml));
        SeriesVqVaeOptions codec = TinySeries.Options();
        codec.Training.Progress = new Listener(_ => Assert.Fail("The codec was trained."));
        codec.Training.ProgressEverySteps = 1;
        SeriesVqVaeEstimator encoder = _ml.Transforms.VqVae.EncodeSeries("Codes", "Window", codec);
        string[] words = ["Schema mismatch for codes column 'Codes': expected a vector of keys of known size", "got "];
        void Refused<T>(IEstimator<T> estimator) where T : class, ITransformer
        {
            Throws(words, () => estimator.GetOutputSchema(encoder.GetOutputSchema(Tiny.Shape(data.Schema))));
            Throws(words, () => encoder.Append(estimator).Fit(data));
        }
        if (method == "EncodeCodes")
            Refused(_ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", CodesVqVaeOptions.Fast()));
        else if (method == "Prior")
            Refused(_ml.Transforms.VqVae.Prior("Bits", "Codes", null, grid));
        else if (method == "VideoPrior")
            Refused(_ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Key", "Key", new VideoPriorOptions()));
        else
            Refused(_ml.Transforms.VqVae.DetectAnomalies("Codes", new AnomalyDetectionOptions { Prior = grid }));
    }

    static void Throws(string[] words, Action action) => Check(words, Assert.ThrowsExactly<ArgumentOutOfRangeException>(action));

    static void ThrowsData(string[] words, Action action) => Check(words, Assert.ThrowsExactly<InvalidOperationException>(action));

    static void Check(string[] words, Exception exception)
    {
        foreach (string word in words)
            Assert.Contains(word, exception.Message);
    }
}
