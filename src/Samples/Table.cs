using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>A column of a table.</summary>
internal sealed class TableColumn(string name)
{
    public string Name => name;

    public bool IsRightAligned { get; private set; }

    public void RightAligned() => IsRightAligned = true;
}

/// <summary>A table of results, for the console and for the page of the run.</summary>
internal sealed class Table(params string[] columns)
{
    readonly List<IReadOnlyList<string>> _rows = [];

    public IReadOnlyList<TableColumn> Columns { get; } = [.. columns.Select(name => new TableColumn(name))];

    public IReadOnlyList<IReadOnlyList<string>> Rows => _rows;

    /// <summary>Adds a row with a text for each column, or for the first of them.</summary>
    public Table AddRow(params string[] texts)
    {
        if (texts.Length > Columns.Count)
            throw new ArgumentException($"A row of {texts.Length} texts was added to a table of {Columns.Count} columns.", nameof(texts));
        _rows.Add(texts);
        return this;
    }

    public Spectre.Console.Table ToConsole()
    {
        Spectre.Console.Table table = new Spectre.Console.Table().Border(TableBorder.Rounded);
        foreach (TableColumn column in Columns)
        {
            var drawn = new Spectre.Console.TableColumn(Markup.Escape(column.Name));
            table.AddColumn(column.IsRightAligned ? drawn.RightAligned() : drawn);
        }
        foreach (IReadOnlyList<string> row in _rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        return table;
    }
}
