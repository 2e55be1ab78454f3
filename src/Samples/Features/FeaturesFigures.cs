using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>The chart of the features sample: accuracy against the number of labels, on a logarithmic axis.</summary>
internal static class FeaturesFigures
{
    const int Width = 900, Height = 460, Left = 70, Right = 640, Top = 70, Bottom = 410;

    /// <summary>A line per kind of features through the mean accuracies; a vertical bar spans the draws.</summary>
    public static Canvas Curves(string title, IReadOnlyList<FeatureCell> cells)
    {
        var canvas = new Canvas(Width, Height);
        canvas.WriteHeading(title, "accuracy against the number of labels; bars span the draws of the labels", 24);
        double lowest = Math.Floor(cells.Min(cell => cell.Accuracy - cell.Spread) * 20) / 20, highest = 1;
        double first = Math.Log10(cells.Min(cell => cell.Labels)), last = Math.Max(Math.Log10(cells.Max(cell => cell.Labels)), first + 0.1);
        double AtX(int labels) => Left + 20 + (Math.Log10(labels) - first) / (last - first) * (Right - Left - 40);
        double AtY(double accuracy) => Bottom - (accuracy - lowest) / (highest - lowest) * (Bottom - Top);

        for (double line = lowest; line <= highest + 1e-9; line += 0.05)
        {
            canvas.Fill(Left, (int)AtY(line), Right - Left, 1, Color.Faint);
            canvas.Write($"{line:0.00}", Left - 36, (int)AtY(line) - 3, Color.Ink);
        }
        foreach (int labels in cells.Select(cell => cell.Labels).Distinct())
            canvas.WriteCentered($"{labels:N0}", (int)AtX(labels), Bottom + 10, Color.Ink);
        canvas.WriteCentered("labels", (Left + Right) / 2, Bottom + 28, Color.Ink);

        IGrouping<string, FeatureCell>[] curves = [.. cells.GroupBy(cell => cell.Features)];
        // Names stand at the end of their curves, moved down where they would overlap.
        double free = double.NegativeInfinity;
        foreach ((IGrouping<string, FeatureCell> curve, int number) in
            curves.Select((curve, number) => (curve, number)).OrderByDescending(pair => pair.curve.Last().Accuracy))
        {
            Color color = ColorMap.At((double)number / curves.Length);
            FeatureCell[] points = [.. curve];
            for (int i = 0; i < points.Length; i++)
            {
                double x = AtX(points[i].Labels), y = AtY(points[i].Accuracy), half = points[i].Spread / 2 / (highest - lowest) * (Bottom - Top);
                canvas.Fill((int)x - 1, (int)(y - half), 3, Math.Max(3, (int)(2 * half)), color);
                if (i > 0)
                    canvas.Line(AtX(points[i - 1].Labels), AtY(points[i - 1].Accuracy), x, y, color);
            }
            double at = Math.Max(AtY(points[^1].Accuracy), free);
            canvas.Write($"{points[^1].Accuracy:0.000} {curve.Key}", Right + 10, (int)at - 3, color);
            free = at + Lettering.Height + 5;
        }
        return canvas;
    }
}
