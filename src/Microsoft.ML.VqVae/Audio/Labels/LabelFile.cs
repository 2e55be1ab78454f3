using System.Globalization;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>What the readers of label files have in common: how an error reads, how a number is read, and what labels must be
/// like.</summary>
internal static class LabelFile
{
    /// <summary>Labels and audio are cut by different programs; this much rounding is no mistake.</summary>
    public const double Tolerance = 0.001;

    public static InvalidDataException Bad(string file, int line, string expected, string found) =>
        new($"'{file}', line {line}: expected {expected}, found {found}.");

    public static double Seconds(string file, int line, string text, string what) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw Bad(file, line, $"a number ({what})", Quote(text));

    public static long Whole(string file, int line, string text, string what) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value)
            ? value
            : throw Bad(file, line, $"a whole number from 0 up ({what})", Quote(text));

    /// <summary>Labels must follow each other in time and must not overlap; gaps are allowed.</summary>
    public static void CheckOrder(string file, int line, TimedLabel? before, TimedLabel label) =>
        CheckOrder(file, line, line, before, label);

    public static void CheckOrder(string file, int beginLine, int endLine, TimedLabel? before, TimedLabel label)
    {
        double earliest = before?.End ?? 0;
        if (label.Start < earliest - 1e-9)
            throw Bad(file, beginLine, $"a label that begins at {Text(earliest)} s or later", $"one that begins at {Text(label.Start)} s");
        if (label.End < label.Start)
            throw Bad(file, endLine, $"a label that ends at {Text(label.Start)} s or later", $"one that ends at {Text(label.End)} s");
    }

    public static string Quote(string text) => text.Length <= 60 ? $"'{text}'" : $"'{text[..60]}…'";

    public static string Text(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
