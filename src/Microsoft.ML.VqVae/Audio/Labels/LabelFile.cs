using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>Shared by the readers of label files: error messages, parsing of numbers, and checks of labels.</summary>
internal static class LabelFile
{
    /// <summary>Labels and audio are cut by different programs; this much rounding is no mistake.</summary>
    public const double Tolerance = 0.001;

    /// <summary>Differences of decimal fractions are not exact; a difference written as a millisecond counts as one.</summary>
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

    /// <summary>The shortest text that parses to the same number.</summary>
    public static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}

/// <summary>Reads the text of a label file, detecting its encoding: UTF-8, UTF-16 of either byte order, or Latin-1.</summary>
/// <remarks>
/// A byte order mark decides. Without one, a zero byte among the first two means UTF-16, since label files start with an ASCII letter or
/// digit; what is valid UTF-8 is UTF-8; the rest is Latin-1, unless it holds bytes that are not letters in Latin-1. A letter is never
/// replaced.
/// </remarks>
internal static class LabelText
{
    const string Expected = "text in UTF-8, UTF-16 or Latin-1";

    public static string Read(string path) => Decode(File.ReadAllBytes(path), path);

    public static string Decode(ReadOnlySpan<byte> bytes, string name)
    {
        ReadOnlySpan<byte> utf8Mark = [0xEF, 0xBB, 0xBF], littleMark = [0xFF, 0xFE], bigMark = [0xFE, 0xFF];
        string text = bytes.StartsWith(utf8Mark) ? Utf8(bytes[3..], name, isMarked: true)
            : bytes.StartsWith(littleMark) ? Utf16(bytes[2..], name, isBigEndian: false)
            : bytes.StartsWith(bigMark) ? Utf16(bytes[2..], name, isBigEndian: true)
            : bytes.Length >= 2 && bytes[0] == 0 ? Utf16(bytes, name, isBigEndian: true)
            : bytes.Length >= 2 && bytes[1] == 0 ? Utf16(bytes, name, isBigEndian: false)
            : Utf8(bytes, name, isMarked: false);
        int zero = text.IndexOf('\0');
        return zero < 0 ? text : throw LabelFile.Bad(name, Line(text[..zero]), Expected, "a zero character: a binary file?");
    }

    static string Utf8(ReadOnlySpan<byte> bytes, string name, bool isMarked)
    {
        int first = -1;
        bool hasSequences = false, hasControls = false;
        for (int place = 0; place < bytes.Length;)
        {
            if (Rune.DecodeFromUtf8(bytes[place..], out _, out int length) == OperationStatus.Done)
            {
                hasSequences |= length > 1;
            }
            else
            {
                first = first < 0 ? place : first;
                // Latin-1 has no letters from 0x80 to 0x9F; other code pages, such as Mac OS Roman, do.
                hasControls |= bytes.Slice(place, length).ContainsAnyInRange<byte>(0x80, 0x9F);
            }
            place += length;
        }
        if (first < 0)
            return Encoding.UTF8.GetString(bytes);
        string before = Encoding.Latin1.GetString(bytes[..first]);
        return isMarked || hasSequences || hasControls
            ? throw LabelFile.Bad(name, Line(before), Expected,
                $"byte 0x{bytes[first]:X2}, which is not valid there. Save the file as UTF-8")
            : Encoding.Latin1.GetString(bytes);
    }

    static string Utf16(ReadOnlySpan<byte> bytes, string name, bool isBigEndian)
    {
        char[] text = new char[bytes.Length / 2];
        for (int i = 0; i < text.Length; i++)
        {
            ReadOnlySpan<byte> pair = bytes.Slice(2 * i, 2);
            text[i] = (char)(isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(pair) : BinaryPrimitives.ReadUInt16LittleEndian(pair));
        }
        for (int place = 0; place < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(place), out _, out int length) != OperationStatus.Done)
            {
                throw LabelFile.Bad(
                    name, Line(new string(text, 0, place)), Expected, $"half a character of UTF-16, 0x{(int)text[place]:X4}");
            }
            place += length;
        }
        return bytes.Length % 2 == 0
            ? new string(text)
            : throw LabelFile.Bad(name, Line(new string(text)), Expected, "an odd number of bytes of UTF-16: the file is cut short");
    }

    /// <summary>The number of the line on which a text ends.</summary>
    static int Line(string text) => 1 + LabelFile.WithPlainLines(text).Count(c => c == '\n');
}

/// <summary>Text files with the names of their columns in the first line and tabs between cells. There are no quotes and no
/// escapes.</summary>
internal static class TabSeparated
{
    /// <summary>The lines below the first, with their numbers; empty ones are left out.</summary>
    public static IEnumerable<(int Line, string[] Cells)> Read(string path, string[] columns, bool lastMayBeMissing = false)
    {
        using var reader = new StringReader(LabelText.Read(path));
        string names = string.Join("\t", columns);
        string? header = reader.ReadLine();
        if (header != names)
        {
            throw LabelFile.Bad(path, 1, $"the names of the columns {string.Join(", ", columns)}, with tabs between them",
                header is null ? "an empty file" : LabelFile.Quote(header));
        }
        int line = 1;
        while (reader.ReadLine() is string text)
        {
            line++;
            if (text.Length == 0)
                continue;
            string[] cells = text.Split('\t');
            if (lastMayBeMissing && cells.Length == columns.Length - 1)
                cells = [.. cells, ""];
            if (cells.Length != columns.Length)
                throw LabelFile.Bad(path, line, $"{columns.Length} columns ({string.Join(", ", columns)})", $"{cells.Length}");
            yield return (line, cells);
        }
    }
}
