using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Keeps columns in memory once they were asked for; columns that cannot be kept are dropped, as in ML.NET.</summary>
internal sealed class CacheDataView : IDataView
{
    private readonly IDataView _input;
    private readonly ColumnStore[] _stores;
    private readonly object _lock = new();
    private long _rows;

    public CacheDataView(IHostEnvironment env, IDataView input, IReadOnlyList<string> columnsToPrefetch)
    {
        foreach (string name in columnsToPrefetch)
        {
            var type = input.Schema[name].Type;
            env.Check(ColumnStore.CanStore(type), $"Asked to prefetch column '{name}' into cache, but it is of unhandled type '{type}'");
        }
        _input = ColumnStore.Storable(input);
        _stores = new ColumnStore[_input.Schema.Count];
        _rows = _input.GetRowCount() ?? -1;
        if (columnsToPrefetch.Count > 0)
            Fill(Schema.Where(column => !column.IsHidden && columnsToPrefetch.Contains(column.Name)));
    }

    public DataViewSchema Schema => _input.Schema;

    public bool CanShuffle => true;

    public long? GetRowCount() => _rows < 0 ? null : _rows;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        Fill(columnsNeeded ?? []);
        return new Cursor(this, RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema), rand);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private void Fill(IEnumerable<DataViewSchema.Column> columns)
    {
        lock (_lock)
        {
            var missing = columns.Where(column => _stores[column.Index] == null).DistinctBy(column => column.Index).ToList();
            if (missing.Count == 0 && _rows >= 0)
                return;
            var stores = missing.Select(column => ColumnStore.Create(column.Type)).ToList();
            int row = 0;
            using (var cursor = _input.GetRowCursor(missing))
            {
                var recorders = missing.Select((column, i) => stores[i].Recorder(cursor, column)).ToArray();
                for (; cursor.MoveNext(); row++)
                {
                    foreach (var record in recorders)
                        record(row);
                }
            }
            _rows = row;
            for (int i = 0; i < missing.Count; i++)
                _stores[missing[i].Index] = stores[i];
        }
    }

    private sealed class Cursor : StoredRowsCursor
    {
        private readonly long _rows;
        private readonly int[] _order;

        public Cursor(CacheDataView parent, Func<int, bool> active, Random rand)
            : base(parent.Schema, column => active(column) ? parent._stores[column] : null)
        {
            _rows = parent._rows;
            _order = rand == null ? null : ShuffledDataView.Permutation(rand, (int)_rows);
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) =>
        {
            Contracts.Check(Number >= 0, RowCursorUtils.FetchValueStateError);
            value = new DataViewRowId((ulong)Number, 0);
        };

        private protected override int Next() => Position + 1 >= _rows ? -1 : _order?[Position + 1] ?? (int)(Position + 1);
    }
}
