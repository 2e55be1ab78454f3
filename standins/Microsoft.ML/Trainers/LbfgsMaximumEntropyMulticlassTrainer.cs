using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>Multinomial logistic regression, trained with L-BFGS.</summary>
public sealed class LbfgsMaximumEntropyMulticlassTrainer : LbfgsTrainerBase<LbfgsMaximumEntropyMulticlassTrainer.Options,
    MulticlassPredictionTransformer<MaximumEntropyModelParameters>, MaximumEntropyModelParameters>
{
    internal LbfgsMaximumEntropyMulticlassTrainer(IHostEnvironment env, Options options)
        : base(env, options, Stock.ShapeScalar(options.LabelColumnName, NumberDataViewType.UInt32, isKey: true)) { }

    private protected override SchemaShape.Column[] GetOutputColumnsCore(SchemaShape inputSchema)
    {
        var text = TextDataViewType.Instance;
        SchemaShape.Column[] common =
        [
            Stock.ShapeScalar(AnnotationUtils.Kinds.ScoreColumnSetId, NumberDataViewType.UInt32, isKey: true),
            Stock.ShapeScalar(AnnotationUtils.Kinds.ScoreColumnKind, text), Stock.ShapeScalar(AnnotationUtils.Kinds.ScoreValueKind, text),
        ];
        var predicted = new List<SchemaShape.Column>();
        var score = new List<SchemaShape.Column>();
        if (inputSchema.Find(Host, LabelColumn.Name, "label").Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var values) &&
            values.Kind == SchemaShape.Column.VectorKind.Vector)
        {
            predicted.Add(values);
            if (values.ItemType is TextDataViewType)
                score.Add(Stock.ShapeVector(AnnotationUtils.Kinds.SlotNames, text));
            score.Add(Stock.ShapeVector(AnnotationUtils.Kinds.TrainingLabelValues, values.ItemType));
        }
        return
        [
            new SchemaShape.Column("Score", SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false,
                new SchemaShape([.. score, .. common])),
            new SchemaShape.Column("PredictedLabel", SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, true,
                new SchemaShape([.. predicted, .. common])),
        ];
    }

    private protected override MulticlassPredictionTransformer<MaximumEntropyModelParameters> MakeTransformer(
        MaximumEntropyModelParameters model, DataViewSchema trainSchema) =>
        new(Host, model, trainSchema, FeatureColumn.Name, LabelColumn.Name);

    private protected override MaximumEntropyModelParameters Train(IDataView data)
    {
        var options = LbfgsTrainerOptions;
        using var channel = Host.Start("Training");
        int classes = data.Schema[LabelColumn.Name].Type.GetKeyCountAsInt32(Host);
        int features = data.Schema[FeatureColumn.Name].Type.GetVectorSize();
        var objective = new MaximumEntropyObjective(classes, features, options.L2Regularization);
        int skipped = Read(data, objective);
        Host.Check(objective.Rows > 0, "No valid training instances found, all instances have missing features.");
        if (skipped > 0)
            channel.Warning(MessageSensitivity.None, $"Skipped {skipped} instances with missing features/label/weight during training");
        var minimizer = new LbfgsMinimizer(options.HistorySize, options.L1Regularization / objective.Rows, classes,
            options.OptimizationTolerance);
        return new MaximumEntropyModelParameters(Host, minimizer.Minimize(objective.Evaluate, new float[classes * (features + 1)]),
            classes, features);
    }

    // Rows without a label, and rows with anything that is not a finite number, do not take part.
    private int Read(IDataView data, MaximumEntropyObjective objective)
    {
        var (label, feature) = (data.Schema[LabelColumn.Name], data.Schema[FeatureColumn.Name]);
        using var cursor = data.GetRowCursor([label, feature]);
        var getLabel = cursor.GetGetter<uint>(label);
        var getFeatures = cursor.GetGetter<VBuffer<float>>(feature);
        VBuffer<float> features = default;
        uint key = 0;
        int skipped = 0;
        while (cursor.MoveNext())
        {
            getLabel(ref key);
            getFeatures(ref features);
            bool bad = key == 0;
            foreach (float value in features.GetValues())
                bad |= !float.IsFinite(value);
            if (bad)
                skipped++;
            else
                objective.Add((int)key - 1, features.GetIndices(), features.GetValues());
        }
        return skipped;
    }

    public sealed class Options : OptionsBase
    {
        public Options() { }
    }
}
