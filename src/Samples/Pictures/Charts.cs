using System.Globalization;

namespace Microsoft.ML.VqVae.Samples.Pictures;

/// <summary>The two plain charts that the samples need.</summary>
internal static partial class Charts
{
    const int Margin = 28;

    /// <summary>Bars from the tallest to the shortest over the width of a box, with a dotted line at their mean.</summary>
    public static void Bars(Picture picture, int left, int top, int width, int height, IReadOnlyList<long> values, Color color)
    {
        long[] sorted = [.. values.OrderDescending()];
        double tallest = Math.Max(sorted[0], 1);
        for (int x = 0; x < width; x++)
        {
            int bar = (int)Math.Ceiling(sorted[x * sorted.Length / width] / tallest * height);
            picture.Fill(left + x, top + height - bar, 1, bar, color);
        }
        int mean = top + height - (int)(sorted.Average() / tallest * height);
        for (int x = 0; x < width; x += 8)
            picture.Fill(left + x, mean, 4, 1, Color.Ink);
        picture.Fill(left, top + height, width, 1, Color.Ink);
    }

    /// <summary>A falling curve on a logarithmic height, with its axis labels and its last value.</summary>
    public static Picture Curve(string title, string xLabel, IReadOnlyList<(double X, double Y)> points, int width = 860, int height = 420)
    {
        var picture = new Picture(width, height);
        picture.Write(title, Margin, 14, Color.Ink, 2);
        (double X, double Y)[] drawn = [.. points.Where(point => double.IsFinite(point.Y) && point.Y > 0)];
        if (drawn.Length == 0)
            return picture;

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
            picture.Fill(left, (int)AtY(log), right - left, 1, Color.Faint);
            string label = value.ToString("0.####", CultureInfo.InvariantCulture);
            picture.Write(label, left - 8 - Lettering.Measure(label), (int)AtY(log) - 3, Color.Ink);
        }
        for (int i = 1; i < drawn.Length; i++)
            picture.Line(AtX(drawn[i - 1].X), AtY(Math.Log10(drawn[i - 1].Y)), AtX(drawn[i].X), AtY(Math.Log10(drawn[i].Y)), Color.Accent);
        picture.Fill(left, bottom, right - left, 1, Color.Ink);
        picture.Write("0", left, bottom + 8, Color.Ink);
        string last = longest.ToString("0", CultureInfo.InvariantCulture);
        picture.Write(last, right - Lettering.Measure(last), bottom + 8, Color.Ink);
        picture.WriteCentred(xLabel, (left + right) / 2, bottom + 8, Color.Ink);
        return picture;
    }
}
