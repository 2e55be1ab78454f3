using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Samples;
using TorchSharp;

namespace Microsoft.ML.VqVae.Tests.Anomalies;

/// <summary>A detector of anomalies as a part of ML.NET: files, schemas, single rows, memory and errors.</summary>
[TestClass]
public sealed class AnomalyModelTests
{
    static readonly string[] Added = ["Score", "PredictedLabel", "BitsOfCodes", "Restored", "Heat"];

    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void A_saved_detector_gives_the_same_values_and_the_same_files_inside()
    {
        (AnomalyDetectionTransformer detector, IDataView rows, PriorTransformer prior) = AnomalyDetectionTests.Images(_ml, scoredShare: 0.5);
        using (detector)
        {
            // The detector keeps the network when its prior is gone.
            prior.Dispose();
            byte[] file = Saved(detector, rows.Schema);
            using var stream = new MemoryStream(file);
            using var loaded = (AnomalyDetectionTransformer)new MLContext().Model.Load(stream, out _);
            Values.AreEqual(Values.Read(detector.Transform(rows), Added), Values.Read(loaded.Transform(rows), Added));
            Assert.AreEqual(detector.Threshold, loaded.Threshold);
            Assert.AreEqual(detector.CodeThreshold, loaded.CodeThreshold);
            Assert.AreEqual(detector.ToString().Split('\n')[0], loaded.ToString().Split('\n')[0]);
            CollectionAssert.AreEqual(Inside(file), Inside(Saved(loaded, rows.Schema)));
        }
    }

    [TestMethod]
    public void Single_rows_give_what_batches_give()
    {
        (AnomalyDetectionTransformer detector, IDataView rows, PriorTransformer prior) = AnomalyDetectionTests.Images(_ml);
        using (detector)
        using (prior)
        {
            List<object[]> batched = Values.Read(detector.Transform(rows), "Score", "PredictedLabel", "BitsOfCodes");
            Values.AreEqual(batched, Values.ReadByMapper(detector, rows, "Score", "PredictedLabel", "BitsOfCodes"), tolerance: 1e-4);
            // A row is restored alike beside other rows and alone.
            List<object[]> restored = Values.Read(detector.Transform(rows), "Restored");
            Values.AreEqual(restored, Values.ReadByMapper(detector, rows, "Restored"));
            Values.AreEqual(restored, Values.Read(detector.Transform(rows), "Restored"));
            Values.AreEqual([.. restored.Skip(5)], Values.Read(detector.Transform(_ml.Data.SkipRows(rows, 5)), "Restored"));
        }
    }

    [TestMethod]
    public void Nothing_is_computed_before_a_value_is_asked_for()
    {
        (AnomalyDetectionTransformer detector, IDataView rows, PriorTransformer prior) = AnomalyDetectionTests.Images(_ml);
        using (detector)
        using (prior)
        {
            int read = 0;
            IDataView counted = _ml.Transforms.CustomMapping<Tiny.Row, Counted>((_, row) => row.Read = ++read, null).Fit(rows).Transform(rows);
            IDataView view = detector.Transform(counted);
            Assert.AreEqual(0, read);
            Assert.HasCount(40, Values.Read(view, "Score", "Read"));
            Assert.AreEqual(40, read);
        }
    }

    [TestMethod]
    public void The_promised_schema_is_the_schema_that_comes()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView rows = codec.Transform(Tiny.Data(_ml, 12));
        var options = new AnomalyDetectionOptions
        {
            Prior = TinyCodes.Options(2), Codec = codec, PerCodeColumnName = "BitsOfCodes", RestoredCodesColumnName = "Restored",
            HeatMapColumnName = "Heat",
        };
        AnomalyDetectionEstimator estimator = _ml.Transforms.VqVae.DetectAnomalies("Codes", options);
        using AnomalyDetectionTransformer detector = estimator.Fit(rows);
        CollectionAssert.AreEqual(
            Describe(estimator.GetOutputSchema(Tiny.Shape(rows.Schema))), Describe(Tiny.Shape(detector.GetOutputSchema(rows.Schema))));
        using PriorTransformer prior = TinyCodes.UntrainedLine(_ml, conditioned: false);
        IDataView lines = TinyCodes.Lines(_ml, 5);
        AnomalyDetectionEstimator ofLines = _ml.Transforms.VqVae.DetectAnomalies(
            "Codes", new AnomalyDetectionOptions { TrainedPrior = prior, PerCodeColumnName = "BitsOfCodes", RestoredCodesColumnName = "Restored" });
        using AnomalyDetectionTransformer lineDetector = ofLines.Fit(lines);
        CollectionAssert.AreEqual(
            Describe(ofLines.GetOutputSchema(Tiny.Shape(lines.Schema))), Describe(Tiny.Shape(lineDetector.GetOutputSchema(lines.Schema))));
        // Codes without names: restored ones have none either.
        using PriorTransformer ofGrids = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        IDataView grids = TinyCodes.Grids(_ml, 5);
        AnomalyDetectionEstimator unnamed = _ml.Transforms.VqVae.DetectAnomalies(
            "Codes", new AnomalyDetectionOptions { TrainedPrior = ofGrids, RestoredCodesColumnName = "Restored" });
        using AnomalyDetectionTransformer gridDetector = unnamed.Fit(grids);
        CollectionAssert.AreEqual(
            Describe(unnamed.GetOutputSchema(Tiny.Shape(grids.Schema))), Describe(Tiny.Shape(gridDetector.GetOutputSchema(grids.Schema))));
    }

    static string[] Describe(SchemaShape shape) =>
        [.. shape.Select(column => $"{column.Name}: {column.Kind} {column.ItemType} key {column.IsKey} "
            + $"[{string.Join("; ", Describe(column.Annotations))}]").Order()];

    [TestMethod]
    public void Columns_may_have_other_names()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained(columns: new EncoderColumns("Picture", "Codes", null, false, null, null));
        IDataView images = Tiny.Data(_ml, 12);
        IDataView rows = codec.Transform(_ml.Transforms.CopyColumns("Picture", "Pixels").Fit(images).Transform(images));
        AnomalyDetectionEstimator estimator = _ml.Transforms.VqVae.DetectAnomalies("Codes", new AnomalyDetectionOptions
        {
            Prior = TinyCodes.Options(2), Codec = codec, Quantile = 0.5, ScoreColumnName = "Bits", PredictedLabelColumnName = "Strange",
            HeatMapColumnName = "Heat",
        });
        using AnomalyDetectionTransformer detector = estimator.Fit(rows);
        CollectionAssert.AreEqual(
            Describe(estimator.GetOutputSchema(Tiny.Shape(rows.Schema))), Describe(Tiny.Shape(detector.GetOutputSchema(rows.Schema))));
        using var stream = new MemoryStream(Saved(detector, rows.Schema));
        using var loaded = (AnomalyDetectionTransformer)new MLContext().Model.Load(stream, out _);
        foreach (AnomalyDetectionTransformer one in (AnomalyDetectionTransformer[])[detector, loaded])
        {
            Assert.AreEqual(("Bits", "Strange", "Picture", "Heat"),
                (one.ScoreColumnName, one.PredictedLabelColumnName, one.ImageColumnName, one.HeatMapColumnName));
            IDataView view = one.Transform(rows);
            Assert.AreEqual(BooleanDataViewType.Instance, view.Schema["Strange"].Type);
            Assert.IsNull(view.Schema.GetColumnOrNull("PredictedLabel"));
            float[] scores = [.. view.GetColumn<float>("Bits")];
            bool[] strange = [.. view.GetColumn<bool>("Strange")];
            CollectionAssert.AreEqual(scores.Select(score => score > one.Threshold).ToArray(), strange);
            Assert.Contains(true, strange);
        }
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        using AnomalyDetectionTransformer plain = _ml.Transforms.VqVae.DetectAnomalies(
            "Codes", new AnomalyDetectionOptions { TrainedPrior = prior }).Fit(TinyCodes.Grids(_ml, 5));
        Assert.IsNull(plain.ImageColumnName);
    }

    [TestMethod]
    public void Restored_codes_follow_from_the_seed_also_after_loading()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        IDataView rows = TinyCodes.Grids(_ml, 12);
        AnomalyDetectionTransformer Fit(int seed) => _ml.Transforms.VqVae.DetectAnomalies("Codes", new AnomalyDetectionOptions
        {
            TrainedPrior = prior, CodeQuantile = 0.5, RestoredCodesColumnName = "Restored", RestorationSeed = seed,
        }).Fit(rows);
        using AnomalyDetectionTransformer first = Fit(5), again = Fit(5), other = Fit(6);
        using var stream = new MemoryStream(Saved(first, rows.Schema));
        using var loaded = (AnomalyDetectionTransformer)new MLContext(seed: 9).Model.Load(stream, out _);
        string Restored(AnomalyDetectionTransformer detector) =>
            string.Join(' ', Values.Read(detector.Transform(rows), "Restored").SelectMany(row => (uint[])row[0]));
        string expected = Restored(first);
        Assert.AreEqual(expected, Restored(again));
        Assert.AreEqual(expected, Restored(loaded));
        Assert.AreNotEqual(expected, Restored(other));
    }

    [TestMethod]
    public void Fitting_transforming_and_disposing_leave_no_tensor()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView rows = codec.Transform(Tiny.Data(_ml, 10));
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options(3)).Fit(rows);
        void Round()
        {
            // A trained prior: detectors share its network, and make none of their own.
            using AnomalyDetectionTransformer detector = _ml.Transforms.VqVae.DetectAnomalies("Codes", new AnomalyDetectionOptions
            {
                TrainedPrior = prior, Codec = codec, CodeQuantile = 0.5, PerCodeColumnName = "BitsOfCodes", RestoredCodesColumnName = "Restored",
                HeatMapColumnName = "Heat",
            }).Fit(rows);
            Assert.HasCount(10, Values.Read(detector.Transform(rows), Added));
        }

        Round();
        long before = LiveTensors.Count();
        Round();
        Assert.AreEqual(before, torch.Tensor.TotalCount);
    }

    [TestMethod]
    public void A_prior_over_other_codes_is_refused()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView rows = codec.Transform(Tiny.Data(_ml, 5));
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.VqVae.DetectAnomalies(
            "Codes", new AnomalyDetectionOptions { TrainedPrior = prior }).Fit(rows)).Message;
        Assert.Contains("Schema mismatch for codes column 'Codes': expected Vector<Key<UInt32, 0-4>, 3, 4, 1>, which the model was trained "
            + "on, got Vector<Key<UInt32, 0-5>, 4, 4, 1>", message);
    }

    [TestMethod]
    public void What_is_wrong_is_named()
    {
        using PriorTransformer prior = TinyCodes.UntrainedGrid(_ml, conditioned: false);
        using PriorTransformer conditioned = TinyCodes.UntrainedGrid(_ml);
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        IDataView rows = TinyCodes.Grids(_ml, 6);
        AnomalyDetectionTransformer Fit(AnomalyDetectionOptions options, IDataView data, string codes = "Codes") =>
            _ml.Transforms.VqVae.DetectAnomalies(codes, options).Fit(data);
        string OutOfRange(AnomalyDetectionOptions options, IDataView data, string codes = "Codes") =>
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Fit(options, data, codes)).Message;

        Assert.Contains("Could not find codes column 'Keys'; the columns are 'Codes'", OutOfRange(new() { TrainedPrior = prior }, rows, "Keys"));
        Assert.Contains("Could not find condition column 'Label'",
            OutOfRange(new() { TrainedPrior = conditioned }, _ml.Transforms.SelectColumns("Codes").Fit(rows).Transform(rows)));
        Assert.Contains("ConditionColumnName is 'Label', but TrainedPrior was trained without conditions", Assert.ThrowsExactly<ArgumentException>(
            () => Fit(new() { TrainedPrior = prior, ConditionColumnName = "Label" }, rows)).Message);
        Assert.Contains("The codec of the heat maps makes 4×4×1 codes of 6, but column 'Codes' is Vector<Key<UInt32, 0-4>, 3, 4, 1>",
            Assert.ThrowsExactly<InvalidOperationException>(
                () => Fit(new() { TrainedPrior = prior, Codec = codec, HeatMapColumnName = "Heat" }, rows)).Message);
        IDataView images = codec.Transform(Tiny.Data(_ml, 5));
        Assert.Contains("'Pixels'", OutOfRange(new() { Prior = TinyCodes.Options(1), Codec = codec, HeatMapColumnName = "Heat" },
            _ml.Transforms.SelectColumns("Codes").Fit(images).Transform(images)));
        Assert.Contains("The data view has no rows", Assert.ThrowsExactly<InvalidOperationException>(
            () => Fit(new() { TrainedPrior = prior }, _ml.Data.SkipRows(rows, 100))).Message);
        string options = OutOfRange(new()
        {
            Quantile = 0, CodeQuantile = 1.5, ScoredShare = double.NaN, ScoreColumnName = "", PerCodeColumnName = "", HeatMapColumnName = "Heat",
        }, rows);
        foreach (string problem in (string[])["Quantile must be more than 0 and at most 1, but is 0", "CodeQuantile must be", "ScoredShare must be",
            "ScoreColumnName must be a name", "PerCodeColumnName must be a name or null", "Codec must be set where HeatMapColumnName is"])
            Assert.Contains(problem, options);
        Assert.Contains("'Score' is given to more than one", Assert.ThrowsExactly<ArgumentException>(
            () => Fit(new() { TrainedPrior = prior, PerCodeColumnName = "Score" }, rows)).Message);
    }

    byte[] Saved(ITransformer model, DataViewSchema schema)
    {
        using var stream = new MemoryStream();
        _ml.Model.Save(model, schema, stream);
        return stream.ToArray();
    }

    /// <summary>The files in a model file with their contents; the archive itself has the times when they were written.</summary>
    static string[] Inside(byte[] file)
    {
        using var archive = new ZipArchive(new MemoryStream(file));
        return [.. archive.Entries.Select(entry =>
        {
            using Stream content = entry.Open();
            return $"{entry.FullName} {Convert.ToHexString(SHA256.HashData(content))}";
        })];
    }

    sealed class Counted
    {
        public int Read { get; set; }
    }
}
