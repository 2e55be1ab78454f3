using System.Collections.Immutable;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using Microsoft.ML.Trainers.FastTree;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Codecs in front of trainers from other packages, and in ML.NET's own experiments: cross-validation and the importance of
/// features.</summary>
[TestClass]
public class TreesOnCodesTests
{
    readonly MLContext _ml = new(seed: 1);

    EstimatorChain<KeyToVectorMappingTransformer> Features() =>
        _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options(steps: 40))
            .Append(_ml.Transforms.Conversion.MapKeyToVector("Features", "Codes"));

    [TestMethod]
    public void LightGBM_learns_from_codes_and_is_saved_with_the_codec() => LearnsAndIsSaved(
        _ml.MulticlassClassification.Trainers.LightGbm(numberOfLeaves: 4, minimumExampleCountPerLeaf: 2, numberOfIterations: 20));

    [TestMethod]
    public void FastTree_learns_from_codes_and_is_saved_with_the_codec() => LearnsAndIsSaved(
        _ml.MulticlassClassification.Trainers.OneVersusAll(_ml.BinaryClassification.Trainers.FastTree(
            numberOfLeaves: 4, numberOfTrees: 40, minimumExampleCountPerLeaf: 2)));

    void LearnsAndIsSaved(IEstimator<ITransformer> trainer)
    {
        Tiny.Row[] rows = Tiny.Rows(120);
        IDataView data = _ml.Data.LoadFromEnumerable(rows[..90]), heldOut = _ml.Data.LoadFromEnumerable(rows[90..]);
        EstimatorChain<KeyToValueMappingTransformer> pipeline = Features()
            .Append(_ml.Transforms.Conversion.MapValueToKey("Label"))
            .Append(trainer)
            .Append(_ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using TransformerChain<KeyToValueMappingTransformer> model = pipeline.Fit(data);
        IDataView scored = model.Transform(heldOut);
        Assert.IsGreaterThan(0.9, _ml.MulticlassClassification.Evaluate(scored).MicroAccuracy);

        using var folder = new TemporaryFolder();
        _ml.Model.Save(model, data.Schema, folder.File("model.zip"));
        ITransformer loaded = new MLContext().Model.Load(folder.File("model.zip"), out _);
        string[] columns = ["Codes", "Features", "Score", "PredictedLabel"];
        Values.AreEqual(Values.Read(scored, columns), Values.Read(loaded.Transform(heldOut), columns));
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    public void Each_fold_of_a_cross_validation_trains_a_codec_of_its_own()
    {
        const int Rows = 60, Folds = 3;
        IDataView data = _ml.Transforms.Conversion.MapValueToKey("Label").Fit(Tiny.Data(_ml, Rows)).Transform(Tiny.Data(_ml, Rows));
        // The error tells codecs apart even where their codes agree.
        ImageVqVaeOptions options = Tiny.Options(steps: 40);
        options.ReconstructionErrorColumnName = "Error";
        var pipeline = _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options)
            .Append(_ml.Transforms.Conversion.MapKeyToVector("Features", "Codes"))
            .Append(_ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy());
        var folds = _ml.MulticlassClassification.CrossValidate(data, pipeline, Folds);
        Assert.HasCount(Folds, folds);

        // The held-out rows carry the codes of their own fold's codec, and the three codecs are three.
        var errorsOfFirstRow = new HashSet<float>();
        var heldOut = new List<int>();
        foreach (TrainCatalogBase.CrossValidationResult<MulticlassClassificationMetrics>? fold in folds)
        {
            List<object[]> all = Values.Read(fold.Model.Transform(data), "Number", "Codes", "Error");
            List<object[]> scored = Values.Read(fold.ScoredHoldOutSet, "Number", "Codes", "Error");
            Values.AreEqual([.. scored.Select(row => all[(int)row[0]])], scored, 0.05);
            heldOut.AddRange(scored.Select(row => (int)row[0]));
            errorsOfFirstRow.Add((float)all[0][2]);
        }
        Assert.HasCount(Folds, errorsOfFirstRow);
        CollectionAssert.AreEqual(Enumerable.Range(0, Rows).ToList(), heldOut.Order().ToList());
        Assert.IsGreaterThan(0.8, folds.Average(fold => fold.Metrics.MicroAccuracy));
        foreach (TrainCatalogBase.CrossValidationResult<MulticlassClassificationMetrics>? fold in folds)
            (fold.Model as IDisposable)?.Dispose();
    }

    sealed class CodesOfRow
    {
        [VectorType(16), KeyType(Tiny.Codes)]
        public uint[] Codes { get; set; } = [];
    }

    sealed class Target
    {
        public bool Label { get; set; }
    }

    [TestMethod]
    public void The_important_features_have_the_names_of_the_code_that_decides()
    {
        const int Slot = 6, Count = 90;
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        IDataView codes = encoder.Transform(Tiny.Data(_ml, Count));
        // The label is true where the code at row 1, column 2 is the one that most images have there.
        uint most = Values.Read(codes, "Codes").Select(row => ((uint[])row[0])[Slot]).CountBy(code => code).MaxBy(pair => pair.Value).Key;
        IDataView labelled = _ml.Transforms
            .CustomMapping<CodesOfRow, Target>((row, target) => target.Label = row.Codes[Slot] == most, null)
            .Append(_ml.Transforms.Conversion.MapKeyToVector("Features", "Codes")).Fit(codes).Transform(codes);
        IDataView data = _ml.Data.Cache(labelled, "Label", "Features");
        var model = _ml.BinaryClassification.Trainers.FastTree(numberOfLeaves: 4, numberOfTrees: 5, minimumExampleCountPerLeaf: 2).Fit(data);

        var importance = _ml.BinaryClassification.PermutationFeatureImportanceNonCalibrated(
            (ITransformer)model, data, permutationCount: 2);
        Assert.HasCount(16 * Tiny.Codes, importance);
        string[] names = [.. importance.Where(feature => feature.Value.Accuracy.Mean < -0.1).Select(feature => feature.Key)];
        // Codes are named from 0, keys are counted from 1.
        CollectionAssert.AreEqual((string[])[$"1,2.{most - 1}"], names);
    }
}
