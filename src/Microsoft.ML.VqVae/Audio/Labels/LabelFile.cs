using System.Globalization;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>What the readers of label files have in common: how an error reads, how a number is read, and what labels must be
/// like.</summary>
internal static class LabelFile
{
    /// <summary>Labels and audio are cut by different programs; this much rounding is no mistake.</summary>
    public const double Tolerance = 0.001;

    /// <summary>Differences of decimal fractions are not exact: what is written as a millisecond is one.</summary>
    const double Slack = 1e-9;

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

    /// <summary>Whether a time is later than a limit by more than rounding.</summary>
    public static bool IsAfter(double time, double limit) => time > limit + Tolerance + Slack;

    /// <summary>
    /// A label that follows another in time. Gaps are allowed; overlaps are not, unless <paramref name="mayOverlap"/>. An overlap within
    /// the tolerance is rounding: the label then starts where the one before it ends.
    /// </summary>
    public static TimedLabel InOrder(
        string file, int startLine, int endLine, TimedLabel? before, TimedLabel label, bool mayOverlap = false)
    {
        double earliest = (mayOverlap ? before?.Start : before?.End) ?? 0;
        if (IsAfter(earliest, label.Start))
            throw Bad(file, startLine, $"a label that begins at {Text(earliest)} s or later", $"one that begins at {Text(label.Start)} s");
        if (IsAfter(label.Start, label.End))
            throw Bad(file, endLine, $"a label that ends at {Text(label.Start)} s or later", $"one that ends at {Text(label.End)} s");
        if (label.Text.Contains('\uFFFD'))
        {
            throw Bad(file, endLine, "a label in letters",
                $"{Quote(label.Text)} with U+FFFD, which stands for a letter that was lost. Read or save the file in the right encoding");
        }
        double start = Math.Max(label.Start, earliest);
        return new TimedLabel(start, Math.Max(label.End, start), label.Text);
    }

    /// <summary>The text with a line feed after each line, whichever of the three usual line endings it has.</summary>
    public static string WithPlainLines(string text) => text.Replace("\r\n", "\n").Replace('\r', '\n');

    public static string Quote(string text) => text.Length <= 60 ? $"'{text}'" : $"'{text[..60]}…'";

    /// <summary>A number with as many digits as it takes to tell it from every other.</summary>
    public static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
