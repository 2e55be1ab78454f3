using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Values of a column kept in memory, numbered.</summary>
internal abstract class ColumnStore
{
    public static bool CanStore(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;

    public static ColumnStore Create(DataViewType type)
    {
        var (store, item) = type is VectorDataViewType vector
            ? (typeof(Vectors<>), vector.ItemType.RawType)
            : (typeof(Plain<>), type.RawType);
        return (ColumnStore)Activator.CreateInstance(store.MakeGenericType(item));
    }

    /// <summary>An action that stores the row's current value under a number.</summary>
    public abstract Action<int> Recorder(DataViewRow row, DataViewSchema.Column column);

    /// <summary>A getter for the value under the number that the function gives; a negative number is no row.</summary>
    public abstract Delegate Getter(Func<int> number);

    /// <summary>The view without the columns of types that cannot be stored, such as images.</summary>
    public static IDataView Storable(IDataView input) => input.Schema.All(column => CanStore(column.Type))
        ? input
        : new SelectedColumnsDataView(input, input.Schema.Where(column => CanStore(column.Type)).Select(column => column.Index));

    private static void SetAt<T>(List<T> values, int number, T value)
    {
        while (values.Count <= number)
            values.Add(default);
        values[number] = value;
    }

    private static int Checked(int number)
    {
        Contracts.Check(number >= 0, RowCursorUtils.FetchValueStateError);
        return number;
    }

    private sealed class Plain<T> : ColumnStore
    {
        private readonly List<T> _values = new();

        public override Action<int> Recorder(DataViewRow row, DataViewSchema.Column column)
        {
            var getter = row.GetGetter<T>(column);
            return number =>
            {
                T value = default;
                getter(ref value);
                SetAt(_values, number, value);
            };
        }

        public override Delegate Getter(Func<int> number) => (ValueGetter<T>)((ref T value) => value = _values[Checked(number())]);
    }

    private sealed class Vectors<T> : ColumnStore
    {
        private readonly List<VBuffer<T>> _values = new();

        public override Action<int> Recorder(DataViewRow row, DataViewSchema.Column column)
        {
            var getter = row.GetGetter<VBuffer<T>>(column);
            VBuffer<T> value = default;
            return number =>
            {
                getter(ref value);
                VBuffer<T> copy = default;
                value.CopyTo(ref copy);
                SetAt(_values, number, copy);
            };
        }

        public override Delegate Getter(Func<int> number) =>
            (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => _values[Checked(number())].CopyTo(ref value));
    }
}

/// <summary>A cursor over rows of column stores, by number.</summary>
internal abstract class StoredRowsCursor : DataViewRowCursor
{
    private readonly Delegate[] _getters;
    private long _position = -1;
    private bool _finished;

    private protected StoredRowsCursor(DataViewSchema schema, Func<int, ColumnStore> activeStores)
    {
        Schema = schema;
        _getters = schema.Select(column => activeStores(column.Index)?.Getter(() => Number)).ToArray();
    }

    /// <summary>The number of the current row in the stores, negative when there is none.</summary>
    private protected int Number { get; private set; } = -1;

    public override DataViewSchema Schema { get; }

    public override long Position => _position;

    public override long Batch => 0;

    public override bool IsColumnActive(DataViewSchema.Column column) => _getters[column.Index] != null;

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        Contracts.CheckParam(IsColumnActive(column), nameof(column), "requested column not active");
        return _getters[column.Index] as ValueGetter<TValue> ??
            throw Contracts.Except($"Invalid TValue: '{typeof(TValue)}', expected type: '{column.Type.RawType}'.");
    }

    /// <summary>The number of the next row, negative at the end.</summary>
    private protected abstract int Next();

    public override bool MoveNext()
    {
        Number = _finished ? -1 : Next();
        if (Number >= 0)
        {
            _position++;
            return true;
        }
        Dispose();
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        _finished = true;
        _position = -1;
        Number = -1;
    }
}
