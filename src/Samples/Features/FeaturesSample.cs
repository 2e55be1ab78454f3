using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>
/// Compares features for a linear classifier with few labels: raw values, principal components, codes, embeddings, and the features of a
/// transformer over codes, which is trained without labels; and a network that is trained on the labels only.
/// </summary>
internal sealed class FeaturesSample(FeaturesSettings settings, CancellationToken cancellation)
    : Sample<FeaturesSettings>(settings, cancellation)
{
    protected override SampleResult Work(Stages stages)
    {
        FeaturesPlan plan = FeaturesPlan.For(Settings);
        // Images are the data of the folder; the machines are made by the sample, and need none.
        ImageData data = ImageDataSets.Open(ML, Settings, stages);
        LabelCurves images = new ImageFeatures(ML, Settings, stages, Cancellation).Measure(data, plan);
        LabelCurves machines = new SeriesFeatures(ML, Settings, stages, Cancellation).Measure(plan);
        FeatureCell[] cells = [.. images.Cells, .. machines.Cells];
        if (cells.Length == 0)
            throw new DataSetException($"--labels asks for {Settings.Labels[0]:N0} labels or more; '{data.Name}' has {data.TrainRows:N0} rows.");
        foreach ((string file, LabelCurves curves) in (IReadOnlyList<(string, LabelCurves)>)[("accuracy.png", images), ("machines.png", machines)])
            if (curves.Cells.Count > 0)
                FeaturesFigures.Curves(curves.Cells[0].Data, curves.Cells).Save(Out(file));

        Table table = TableOf(["accuracy with labels", .. Settings.Labels.Select(count => $"{count:N0}")]);
        foreach (IGrouping<(string Data, string Features), FeatureCell> row in cells.GroupBy(cell => (cell.Data, cell.Features)))
        {
            table.AddRow(
                [$"{row.Key.Data}: {row.Key.Features}", .. Settings.Labels.Select(count =>
                    row.FirstOrDefault(cell => cell.Labels == count) is { } cell ? $"{cell.Accuracy:0.000} ± {cell.Spread / 2:0.000}" : "")]);
        }
        var metrics = new FeaturesMetrics
        {
            Dataset = data.Name, TrainRows = data.TrainRows, CodecSteps = plan.CodecSteps, FeatureSteps = plan.FeatureSteps, Seconds = Seconds,
            Cells = cells,
        };
        return new SampleResult(metrics, table, $"{data.Name}, {FeaturesPlan.Draws} draws of the labels, {metrics.Seconds:0} s");
    }
}

/// <summary>The content of metrics.json.</summary>
internal sealed record FeaturesMetrics : SampleMetrics
{
    public required string Dataset { get; init; }

    public required int TrainRows { get; init; }

    public required int CodecSteps { get; init; }

    public required int FeatureSteps { get; init; }

    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    public required IReadOnlyList<FeatureCell> Cells { get; init; }
}
