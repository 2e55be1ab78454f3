using System.Globalization;

namespace Microsoft.ML.VqVae.Samples.Pictures;

/// <summary>A curve of a chart.</summary>
/// <param name="Name">What it is of.</param>
/// <param name="Color">What it is drawn in.</param>
/// <param name="Points">In the order of X.</param>
/// <param name="End">A value to mark with a dot at the right edge; null for none.</param>
internal sealed record Series(string Name, Color Color, IReadOnlyList<(double X, double Y)> Points, double? End = null);

internal static partial class Charts
{
    /// <summary>Several curves over the same axes, both linear. The height is that of the later three quarters of the points, where curves
    /// lie close together; what is above leaves the picture.</summary>
    public static void Curves(
        Picture picture, int left, int top, int width, int height, string xLabel, string yLabel, IReadOnlyList<Series> curves)
    {
        int axis = left + 46, right = left + width - 90, bottom = top + height - 40;
        double longest = curves.Max(curve => curve.Points.Select(point => point.X).DefaultIfEmpty(1).Max());
        double[] settled = [.. curves.SelectMany(curve => curve.Points.Where(point => point.X >= longest / 4).Select(point => point.Y)
            .Concat(curve.End is { } end ? [end] : [])).Where(double.IsFinite)];
        if (settled.Length == 0)
            return;
        double step = Step((settled.Max() - settled.Min()) / 6), lowest = Math.Floor(settled.Min() / step) * step,
            highest = Math.Ceiling(settled.Max() / step) * step + (settled.Max() == settled.Min() ? step : 0);
        double AtX(double x) => axis + x / longest * (right - axis);
        double AtY(double y) => bottom - (y - lowest) / (highest - lowest) * (bottom - top - 20);

        picture.Write(yLabel, axis, top, Color.Ink);
        for (int line = 0; lowest + line * step <= highest + step / 2; line++)
        {
            double value = lowest + line * step;
            picture.Fill(axis, (int)AtY(value), right - axis, 1, Color.Faint);
            string label = value.ToString("0.###", CultureInfo.InvariantCulture);
            picture.Write(label, axis - 8 - Lettering.Measure(label), (int)AtY(value) - 3, Color.Ink);
        }
        foreach (Series curve in curves)
        {
            for (int i = 1; i < curve.Points.Count; i++)
            {
                var (from, to) = (curve.Points[i - 1], curve.Points[i]);
                if (Math.Max(from.Y, to.Y) <= highest && Math.Min(from.Y, to.Y) >= lowest)
                    picture.Line(AtX(from.X), AtY(from.Y), AtX(to.X), AtY(to.Y), curve.Color);
            }
            if (curve.End is { } end && double.IsFinite(end))
                picture.Fill(right - 3, (int)AtY(end) - 3, 7, 7, curve.Color);
        }
        Legend(picture, right + 10, curves, AtY);
        picture.Fill(axis, bottom, right - axis, 1, Color.Ink);
        picture.Write("0", axis, bottom + 8, Color.Ink);
        string last = longest.ToString("0", CultureInfo.InvariantCulture);
        picture.Write(last, right - Lettering.Measure(last), bottom + 8, Color.Ink);
        picture.WriteCentred(xLabel, (axis + right) / 2, bottom + 8, Color.Ink);
    }

    // Names stand at the end of their curves, moved down where they would lie on one another.
    static void Legend(Picture picture, int left, IReadOnlyList<Series> curves, Func<double, double> atY)
    {
        double free = double.NegativeInfinity;
        foreach (var (curve, y) in curves.Select(curve => (curve, atY(curve.End ?? curve.Points.Select(point => point.Y).LastOrDefault())))
            .OrderBy(pair => pair.Item2))
        {
            double at = Math.Max(y, free);
            picture.Write(curve.Name, left, (int)at - 3, curve.Color);
            free = at + Lettering.Height + 5;
        }
    }

    /// <summary>The next of 1, 2 and 5 times a power of ten.</summary>
    static double Step(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(least, 1e-6))));
        return power * ((least / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
    }
}
