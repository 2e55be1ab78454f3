using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>The chart of the features sample: accuracy against the number of labels, on a logarithmic axis.</summary>
internal static class FeaturesFigures
{
    /// <summary>A line per kind of features through the mean accuracies; an error bar spans the draws.</summary>
    public static Canvas Curves(string title, IReadOnlyList<FeatureCell> cells) => Charts.Lines(
        title, "A classifier on each kind of features. Error bars span the draws of the labeled rows",
        new Axis("labeled rows", Logarithmic: true), new Axis("accuracy on the test rows", Format: "0 %"),
        [.. cells.GroupBy(cell => cell.Features).Select((curve, number) => new Series(
            curve.Key, Color.Series[number % Color.Series.Count], [.. curve.Select(cell => ((double)cell.Labels, cell.Accuracy))])
        {
            Dots = true,
            Errors = [.. curve.Select(cell => cell.Spread / 2)],
            Dashed = number >= Color.Series.Count,
        })]);
}
