namespace Microsoft.ML.VqVae.Audio;

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
