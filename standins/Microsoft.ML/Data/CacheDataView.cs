using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Keeps columns in memory once they were asked for; columns that cannot be kept are dropped, as in ML.NET.</summary>
internal sealed class CacheDataView : IDataView
{
    private readonly IDataView _input;
    private readonly ColumnStore[] _stores;
    private readonly object _lock = new();
    private int _rows;

    public CacheDataView(IHostEnvironment env, IDataView input, IReadOnlyList<string> columnsToPrefetch)
    {
        foreach (string name in columnsToPrefetch)
        {
            var type = input.Schema[name].Type;
            env.Check(CanStore(type), $"Asked to prefetch column '{name}' into cache, but it is of unhandled type '{type}'");
        }
        _input = input.Schema.All(column => CanStore(column.Type))
            ? input
            : new SelectedColumnsDataView(input, input.Schema.Where(column => CanStore(column.Type)).Select(column => column.Index));
        _stores = new ColumnStore[_input.Schema.Count];
        _rows = (int?)_input.GetRowCount() ?? -1;
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

    private static bool CanStore(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;

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
                        record();
                }
            }
            _rows = row;
            for (int i = 0; i < missing.Count; i++)
                _stores[missing[i].Index] = stores[i];
        }
    }

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly Delegate[] _getters;
        private readonly int[] _order;
        private int _position = -1;
        private bool _finished;

        public Cursor(CacheDataView parent, Func<int, bool> active, Random rand)
        {
            Schema = parent.Schema;
            _getters = [.. Schema.Select(column => active(column.Index) ? parent._stores[column.Index].Getter(Number) : null)];
            _order = [.. Enumerable.Range(0, parent._rows)];
            rand?.Shuffle(_order);
        }

        public override DataViewSchema Schema { get; }

        public override long Position => _position;

        public override long Batch => 0;

        public override bool IsColumnActive(DataViewSchema.Column column) => _getters[column.Index] != null;

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Contracts.CheckParam(IsColumnActive(column), nameof(column), "requested column not active");
            return RowCursorUtils.Typed<TValue>(_getters[column.Index]);
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() =>
            (ref DataViewRowId value) => value = new DataViewRowId((ulong)Number(), 0);

        public override bool MoveNext()
        {
            if (_position + 1 < _order.Length && !_finished)
            {
                _position++;
                return true;
            }
            Dispose();
            return false;
        }

        // Where the current row lies in the stores.
        private int Number()
        {
            Contracts.Check(_position >= 0, RowCursorUtils.FetchValueStateError);
            return _order[_position];
        }

        protected override void Dispose(bool disposing) => (_finished, _position) = (true, -1);
    }
}

/// <summary>A column's values, in the order of the rows.</summary>
internal abstract class ColumnStore
{
    public static ColumnStore Create(DataViewType type)
    {
        var (store, item) = type is VectorDataViewType vector
            ? (typeof(Vectors<>), vector.ItemType.RawType)
            : (typeof(Plain<>), type.RawType);
        return (ColumnStore)Activator.CreateInstance(store.MakeGenericType(item));
    }

    /// <summary>An action that stores the row's current value behind those stored before.</summary>
    public abstract Action Recorder(DataViewRow row, DataViewSchema.Column column);

    /// <summary>A getter for the value under the number that the function gives.</summary>
    public abstract Delegate Getter(Func<int> number);

    private sealed class Plain<T> : ColumnStore
    {
        private readonly List<T> _values = new();

        public override Action Recorder(DataViewRow row, DataViewSchema.Column column)
        {
            var getter = row.GetGetter<T>(column);
            return () =>
            {
                T value = default;
                getter(ref value);
                _values.Add(value);
            };
        }

        public override Delegate Getter(Func<int> number) => (ValueGetter<T>)((ref T value) => value = _values[number()]);
    }

    private sealed class Vectors<T> : ColumnStore
    {
        private readonly List<VBuffer<T>> _values = new();

        public override Action Recorder(DataViewRow row, DataViewSchema.Column column)
        {
            var getter = row.GetGetter<VBuffer<T>>(column);
            return () =>
            {
                VBuffer<T> value = default;
                getter(ref value);
                _values.Add(value);
            };
        }

        public override Delegate Getter(Func<int> number) =>
            (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[number()].CopyTo(ref value));
    }
}
