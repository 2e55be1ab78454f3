using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>How well scores for several classes agree with the labels.</summary>
public sealed class MulticlassClassificationMetrics
{
    internal MulticlassClassificationMetrics(double microAccuracy, double macroAccuracy, double logLoss) =>
        (MicroAccuracy, MacroAccuracy, LogLoss) = (microAccuracy, macroAccuracy, logLoss);

    public double LogLoss { get; }

    public double MacroAccuracy { get; }

    public double MicroAccuracy { get; }
}

/// <summary>Reads labels and scores of a scored data view into <see cref="MulticlassClassificationMetrics"/>.</summary>
internal static class MulticlassEvaluator
{
    private const float LeastProbability = 1e-15f;

    internal static MulticlassClassificationMetrics Evaluate(
        IHostEnvironment env, IDataView data, string labelName, string scoreName, string predictedLabelName)
    {
        var label = Find("Label", labelName);
        var score = Find("Score", scoreName);
        _ = Find("PredictedLabel", predictedLabelName);
        if (score.Type is not VectorDataViewType { Size: >= 2 } scoreType || scoreType.ItemType != NumberDataViewType.Single)
            throw env.ExceptSchemaMismatch("schema", "score", score.Name, "vector of two or more items of type Single",
                score.Type.ToString());
        if (label.Type is not KeyDataViewType)
            throw env.ExceptSchemaMismatch("schema", "label", label.Name, "Single or Key", label.Type.ToString());

        var scores = new float[scoreType.Size];
        var (rowsOfClass, correctOfClass) = (new double[scores.Length], new double[scores.Length]);
        double rows = 0, logLoss = 0;
        using (var cursor = data.GetRowCursor([label, score]))
        {
            var getLabel = cursor.GetGetter<uint>(label);
            var getScores = cursor.GetGetter<VBuffer<float>>(score);
            VBuffer<float> buffer = default;
            uint key = 0;
            while (cursor.MoveNext())
            {
                getLabel(ref key);
                getScores(ref buffer);
                buffer.CopyTo(scores);
                if (key == 0 || !Array.TrueForAll(scores, float.IsFinite))
                    continue;
                // A label outside the scored classes counts as wrong.
                bool known = key <= scores.Length;
                rows++;
                logLoss -= Math.Log(Math.Clamp(known ? scores[key - 1] : 0, LeastProbability, 1));
                if (!known)
                    continue;
                rowsOfClass[key - 1]++;
                // Ties go to the class that comes first.
                if (Array.IndexOf(scores, scores.Max()) == key - 1)
                    correctOfClass[key - 1]++;
            }
        }
        if (rows == 0)
            return new(0, 0, 0);
        double[] accuracies = [.. rowsOfClass.Zip(correctOfClass).Where(pair => pair.First > 0).Select(pair => pair.Second / pair.First)];
        return new(correctOfClass.Sum() / rows, accuracies.DefaultIfEmpty(0).Average(), logLoss / rows);

        DataViewSchema.Column Find(string role, string name) =>
            data.Schema.GetColumnOrNull(name) ?? throw env.ExceptSchemaMismatch("schema", role, name);
    }
}
