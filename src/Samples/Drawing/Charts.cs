namespace Microsoft.ML.VqVae.Samples.Drawing;

/// <summary>A curve of a chart.</summary>
/// <param name="Name">The name in the legend.</param>
/// <param name="Color">The color of the line.</param>
/// <param name="Points">In the order of X.</param>
/// <param name="End">A value to mark with a dot at the right edge; null for none.</param>
internal sealed record Series(string Name, Color Color, IReadOnlyList<(double X, double Y)> Points, double? End = null);

/// <summary>Simple charts.</summary>
internal static class Charts
{
    const int Margin = 28;

    /// <summary>Bars from the tallest to the shortest over the width of a box, with a dotted line at their mean.</summary>
    public static void Bars(Canvas canvas, int left, int top, int width, int height, IReadOnlyList<long> values, Color color)
    {
        long[] sorted = [.. values.OrderDescending()];
        double tallest = Math.Max(sorted[0], 1);
        for (int x = 0; x < width; x++)
        {
            int bar = (int)Math.Ceiling(sorted[x * sorted.Length / width] / tallest * height);
            canvas.Fill(left + x, top + height - bar, 1, bar, color);
        }
        int mean = top + height - (int)(sorted.Average() / tallest * height);
        for (int x = 0; x < width; x += 8)
            canvas.Fill(left + x, mean, 4, 1, Color.Ink);
        canvas.Fill(left, top + height, width, 1, Color.Ink);
    }

    /// <summary>A falling curve on a logarithmic height, with its axis labels and its last value.</summary>
    public static Canvas Curve(string title, string xLabel, IReadOnlyList<(double X, double Y)> points, int width = 860, int height = 420)
    {
        var canvas = new Canvas(width, height);
        canvas.Write(title, Margin, 14, Color.Ink, 2);
        (double X, double Y)[] drawn = [.. points.Where(point => double.IsFinite(point.Y) && point.Y > 0)];
        if (drawn.Length == 0)
            return canvas;

        int left = 70, top = 44, right = width - Margin, bottom = height - 44;
        double lowest = Math.Log10(drawn.Min(point => point.Y)), highest = Math.Log10(drawn.Max(point => point.Y));
        double space = Math.Max(highest - lowest, 1e-6) * 0.05, longest = Math.Max(drawn.Max(point => point.X), 1);
        (lowest, highest) = (lowest - space, highest + space);
        double AtX(double x) => left + x / longest * (right - left);
        double AtY(double log) => bottom - (log - lowest) / (highest - lowest) * (bottom - top);

        // Lines at 1, 2 and 5 times each power of ten.
        for (int line = 3 * (int)Math.Floor(lowest); line < 3 * Math.Ceiling(highest); line++)
        {
            int power = (int)Math.Floor(line / 3.0), digit = (line - 3 * power) switch { 0 => 1, 1 => 2, _ => 5 };
            double value = digit * Math.Pow(10, power), log = Math.Log10(value);
            if (log < lowest || log > highest)
                continue;
            canvas.Fill(left, (int)AtY(log), right - left, 1, Color.Faint);
            string label = $"{value:0.####}";
            canvas.Write(label, left - 8 - Lettering.Measure(label), (int)AtY(log) - 3, Color.Ink);
        }
        for (int i = 1; i < drawn.Length; i++)
            canvas.Line(AtX(drawn[i - 1].X), AtY(Math.Log10(drawn[i - 1].Y)), AtX(drawn[i].X), AtY(Math.Log10(drawn[i].Y)), Color.Accent);
        canvas.Fill(left, bottom, right - left, 1, Color.Ink);
        canvas.Write("0", left, bottom + 8, Color.Ink);
        string last = $"{longest:0}";
        canvas.Write(last, right - Lettering.Measure(last), bottom + 8, Color.Ink);
        canvas.WriteCentered(xLabel, (left + right) / 2, bottom + 8, Color.Ink);
        return canvas;
    }

    /// <summary>Several curves over the same axes, both linear. The range is that of the last three quarters of the points, where curves
    /// lie close together; values above it are cut off.</summary>
    public static void Curves(
        Canvas canvas, int left, int top, int width, int height, string xLabel, string yLabel, IReadOnlyList<Series> curves)
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

        canvas.Write(yLabel, axis, top, Color.Ink);
        for (int line = 0; lowest + line * step <= highest + step / 2; line++)
        {
            double value = lowest + line * step;
            canvas.Fill(axis, (int)AtY(value), right - axis, 1, Color.Faint);
            string label = $"{value:0.###}";
            canvas.Write(label, axis - 8 - Lettering.Measure(label), (int)AtY(value) - 3, Color.Ink);
        }
        foreach (Series curve in curves)
        {
            for (int i = 1; i < curve.Points.Count; i++)
            {
                ((double X, double Y) from, (double X, double Y) to) = (curve.Points[i - 1], curve.Points[i]);
                if (Math.Max(from.Y, to.Y) <= highest && Math.Min(from.Y, to.Y) >= lowest)
                    canvas.Line(AtX(from.X), AtY(from.Y), AtX(to.X), AtY(to.Y), curve.Color);
            }
            if (curve.End is { } end && double.IsFinite(end))
                canvas.Fill(right - 3, (int)AtY(end) - 3, 7, 7, curve.Color);
        }
        Legend(canvas, right + 10, curves, AtY);
        canvas.Fill(axis, bottom, right - axis, 1, Color.Ink);
        canvas.Write("0", axis, bottom + 8, Color.Ink);
        string last = $"{longest:0}";
        canvas.Write(last, right - Lettering.Measure(last), bottom + 8, Color.Ink);
        canvas.WriteCentered(xLabel, (axis + right) / 2, bottom + 8, Color.Ink);
    }

    // Names stand at the end of their curves, moved down where they would overlap.
    static void Legend(Canvas canvas, int left, IReadOnlyList<Series> curves, Func<double, double> atY)
    {
        double free = double.NegativeInfinity;
        foreach ((Series? curve, double y) in curves.Select(curve => (curve, atY(curve.End ?? curve.Points.Select(point => point.Y).LastOrDefault())))
            .OrderBy(pair => pair.Item2))
        {
            double at = Math.Max(y, free);
            canvas.Write(curve.Name, left, (int)at - 3, curve.Color);
            free = at + Lettering.Height + 5;
        }
    }

    /// <summary>Rounds up to 1, 2 or 5 times a power of ten.</summary>
    static double Step(double least)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(least, 1e-6))));
        return power * ((least / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 });
    }
}
