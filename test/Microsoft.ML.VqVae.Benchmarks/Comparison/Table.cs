using System.Globalization;

namespace Microsoft.ML.VqVae.Benchmarks.Comparison;

/// <summary>A table of text, for a terminal and as Markdown.</summary>
internal sealed class Table(string[] header)
{
    readonly List<string[]> _rows = [];

    public void Add(string[] row)
    {
        if (row.Length != header.Length)
            throw new ArgumentException($"A row must have {header.Length} cells, but has {row.Length}.", nameof(row));
        _rows.Add(row);
    }

    /// <summary>Columns aligned by spaces; numbers to the right.</summary>
    public void WriteAligned(TextWriter output)
    {
        int[] widths = [.. header.Select((name, column) => _rows.Select(row => row[column].Length).Append(name.Length).Max())];
        bool[] right = [.. header.Select((_, column) => _rows.TrueForAll(row => IsNumber(row[column])))];
        foreach (string[] row in _rows.Prepend(header))
        {
            IEnumerable<string> cells = row.Select((cell, column) =>
                right[column] ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]));
            output.WriteLine(string.Join("  ", cells).TrimEnd());
        }
    }

    public void WriteMarkdown(TextWriter output)
    {
        output.WriteLine($"| {string.Join(" | ", header)} |");
        output.WriteLine($"|{string.Concat(Enumerable.Repeat("---|", header.Length))}");
        foreach (string[] row in _rows)
            output.WriteLine($"| {string.Join(" | ", row)} |");
    }

    static bool IsNumber(string cell) => cell == "–" || double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
