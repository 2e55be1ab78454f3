using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>Multinomial logistic regression, trained with L-BFGS.</summary>
public sealed class LbfgsMaximumEntropyMulticlassTrainer : LbfgsTrainerBase<LbfgsMaximumEntropyMulticlassTrainer.Options,
    MulticlassPredictionTransformer<MaximumEntropyModelParameters>, MaximumEntropyModelParameters>
{
    internal LbfgsMaximumEntropyMulticlassTrainer(IHostEnvironment env, Options options)
        : base(env, options, Stock.ShapeScalar(options.LabelColumnName, NumberDataViewType.UInt32, isKey: true)) { }

    public MulticlassPredictionTransformer<MaximumEntropyModelParameters> Fit(IDataView trainData, MaximumEntropyModelParameters modelParameters) =>
        TrainTransformer(trainData, modelParameters);

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
            new SchemaShape.Column("Score", SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false, new SchemaShape([.. score, .. common])),
            new SchemaShape.Column("PredictedLabel", SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, true,
                new SchemaShape([.. predicted, .. common])),
        ];
    }

    private protected override MulticlassPredictionTransformer<MaximumEntropyModelParameters> MakeTransformer(
        MaximumEntropyModelParameters model, DataViewSchema trainSchema) => new(Host, model, trainSchema, FeatureColumn.Name, LabelColumn.Name);

    private protected override MaximumEntropyModelParameters Train(IDataView data, MaximumEntropyModelParameters start)
    {
        var options = LbfgsTrainerOptions;
        using var channel = Host.Start("Training");
        int classes = data.Schema[LabelColumn.Name].Type.GetKeyCountAsInt32(Host);
        int features = data.Schema[FeatureColumn.Name].Type.GetVectorSize();
        var objective = new MaximumEntropyObjective(classes, features, options.L2Regularization)
        {
            Threads = options.NumberOfThreads ?? Environment.ProcessorCount,
        };
        int skipped = Read(data, objective);
        Host.Check(objective.Rows > 0, "No valid training instances found, all instances have missing features.");
        if (skipped > 0)
            channel.Warning("Skipped {0} instances with missing features/label/weight during training", skipped);

        var minimizer = new LbfgsMinimizer(options.HistorySize, options.L1Regularization / objective.Rows, classes, options.OptimizationTolerance,
            options.MaximumNumberOfIterations);
        var weights = minimizer.Minimize(objective.Evaluate, Start(start, classes, features));
        if (options.L1Regularization > 0 && !options.Quiet)
            channel.Info("L1 regularization selected {0} of {1} weights.", classes + weights.Skip(classes).Count(weight => weight != 0), weights.Length);
        return new MaximumEntropyModelParameters(Host, weights, classes, features);
    }

    // Rows without a label or a positive weight, and rows with anything that is not a finite number, do not take part.
    private int Read(IDataView data, MaximumEntropyObjective objective)
    {
        var (label, feature) = (data.Schema[LabelColumn.Name], data.Schema[FeatureColumn.Name]);
        DataViewSchema.Column? weight = WeightColumn.IsValid ? data.Schema[WeightColumn.Name] : null;
        using var cursor = data.GetRowCursor(weight is { } needed ? [label, feature, needed] : [label, feature]);
        var getLabel = LabelColumnReader.GetGetter(cursor, label);
        var getFeatures = cursor.GetGetter<VBuffer<float>>(feature);
        var getWeight = weight is { } column ? cursor.GetGetter<float>(column) : (ref float value) => value = 1;
        VBuffer<float> features = default;
        float labelValue = 0, weightValue = 1;
        int skipped = 0;
        while (cursor.MoveNext())
        {
            getLabel(ref labelValue);
            getFeatures(ref features);
            getWeight(ref weightValue);
            bool bad = float.IsNaN(labelValue) || !(weightValue > 0 && float.IsFinite(weightValue));
            foreach (float value in features.GetValues())
                bad |= !float.IsFinite(value);
            if (bad)
                skipped++;
            else
                objective.Add((int)labelValue, weightValue, features.GetIndices(), features.GetValues());
        }
        return skipped;
    }

    private float[] Start(MaximumEntropyModelParameters model, int classes, int features)
    {
        if (model != null)
        {
            Host.Check(model.Parameters.Length == classes * (features + 1),
                "The input training data must have the same features used to train the input predictor.");
            return model.Parameters;
        }
        var start = new float[classes * (features + 1)];
        if (LbfgsTrainerOptions.InitialWeightsDiameter > 0)
        {
            for (int i = 0; i < start.Length; i++)
                start[i] = LbfgsTrainerOptions.InitialWeightsDiameter * (Host.Rand.NextSingle() - 0.5f);
        }
        return start;
    }

    public sealed class Options : OptionsBase
    {
        public Options() { }
    }
}
