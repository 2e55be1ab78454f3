using System.Collections.Immutable;

namespace Microsoft.ML.Data;

/// <summary>How well scores for several classes agree with the labels.</summary>
public sealed class MulticlassClassificationMetrics
{
    internal MulticlassClassificationMetrics(MulticlassCounters counters, IReadOnlyList<ReadOnlyMemory<char>> classNames, int topKPredictionCount)
    {
        MicroAccuracy = counters.MicroAccuracy;
        MacroAccuracy = counters.MacroAccuracy;
        LogLoss = counters.LogLoss;
        LogLossReduction = counters.LogLossReduction;
        PerClassLogLoss = counters.PerClassLogLoss.ToImmutableArray();
        TopKPredictionCount = topKPredictionCount;
        if (topKPredictionCount > 0)
            TopKAccuracyForAllK = counters.TopKAccuracies(topKPredictionCount).ToImmutableArray();
        ConfusionMatrix = new ConfusionMatrix(counters.Confusion, classNames);
    }

    public double LogLoss { get; }

    public double LogLossReduction { get; }

    public double MacroAccuracy { get; }

    public double MicroAccuracy { get; }

    public double TopKAccuracy => TopKAccuracyForAllK?.LastOrDefault() ?? 0;

    public int TopKPredictionCount { get; }

    public IReadOnlyList<double> TopKAccuracyForAllK { get; }

    public IReadOnlyList<double> PerClassLogLoss { get; }

    public ConfusionMatrix ConfusionMatrix { get; }
}
