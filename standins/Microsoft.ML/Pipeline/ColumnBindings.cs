namespace Microsoft.ML.Data;

/// <summary>The schema of a view with columns added: behind the column that they hide, else at the end.</summary>
internal sealed class ColumnBindings
{
    // An index into the input, or the complement of an index into the added columns.
    private readonly int[] _map;
    private readonly int[] _added;

    public ColumnBindings(DataViewSchema input, DataViewSchema.DetachedColumn[] addedColumns)
    {
        InputSchema = input;
        var map = Enumerable.Range(0, input.Count).ToList();
        for (int i = 0; i < addedColumns.Length; i++)
        {
            int hidden = map.FindLastIndex(source => Source(source).Name == addedColumns[i].Name);
            map.Insert(hidden >= 0 ? hidden + 1 : map.Count, ~i);
        }
        _map = map.ToArray();
        _added = addedColumns.Select((_, i) => Array.IndexOf(_map, ~i)).ToArray();
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(map.Select(Source));
        Schema = schema.ToSchema();

        DataViewSchema.DetachedColumn Source(int source) =>
            source >= 0 ? new DataViewSchema.DetachedColumn(input[source]) : addedColumns[~source];
    }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema Schema { get; }

    public IReadOnlyList<int> AddedColumnIndices => _added;

    /// <summary>The index in the input (<paramref name="isSrcColumn"/>) or among the added columns.</summary>
    public int MapColumnIndex(out bool isSrcColumn, int column)
    {
        isSrcColumn = _map[column] >= 0;
        return isSrcColumn ? _map[column] : ~_map[column];
    }

    public bool[] GetActiveInput(Func<int, bool> predicate)
    {
        var active = new bool[InputSchema.Count];
        for (int i = 0; i < _map.Length; i++)
        {
            if (_map[i] >= 0 && predicate(i))
                active[_map[i]] = true;
        }
        return active;
    }
}
