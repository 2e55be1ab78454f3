using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>A row whose values are the members of an object.</summary>
internal sealed class ObjectRow<TRow> : DataViewRow where TRow : class
{
    private static readonly MethodInfo _makeRead = typeof(ObjectRow<TRow>).GetMethod(nameof(MakeRead),
        BindingFlags.Instance | BindingFlags.NonPublic);

    private readonly IHost _host;
    private readonly Delegate[] _getters;
    private long _position = -1;
    private TRow _current;

    public ObjectRow(IHostEnvironment env, DataViewSchema schema, IReadOnlyList<RowMember> members, Func<int, bool> active)
    {
        _host = env.Register("Row");
        Schema = schema;
        _getters = members.Select((member, i) => active(i) ? MakeGetter(member) : null).ToArray();
    }

    public override DataViewSchema Schema { get; }

    public override long Position => _position;

    public override long Batch => 0;

    public override bool IsColumnActive(DataViewSchema.Column column)
    {
        if (column.Index >= _getters.Length)
            throw _host.Except("Column index must be between 0 and {0}", _getters.Length);
        return _getters[column.Index] != null;
    }

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        _host.CheckParam(IsColumnActive(column), nameof(column), "requested column not active");
        var getter = _getters[column.Index];
        return getter as ValueGetter<TValue> ??
            throw _host.Except($"Invalid TValue in GetGetter for column #{column}: '{typeof(TValue)}', " +
            $"expected type: '{getter.GetType().GetGenericArguments()[0]}'.");
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) =>
    {
        _host.Check(_position >= 0, RowCursorUtils.FetchValueStateError);
        value = new DataViewRowId((ulong)_position, 0);
    };

    /// <summary>Makes this object the next row.</summary>
    public void Advance(TRow row)
    {
        _host.CheckValue(row, nameof(row));
        _current = row;
        _position++;
    }

    /// <summary>There is no row any more.</summary>
    public void Finish()
    {
        _current = null;
        _position = -1;
    }

    private TRow Current()
    {
        _host.Check(_position >= 0, RowCursorUtils.FetchValueStateError);
        return _current;
    }

    private Delegate MakeGetter(RowMember member)
    {
        if (!(member.ColumnType is VectorDataViewType or PrimitiveDataViewType || DataViewTypeManager.Knows(member.ColumnType)))
            throw new NotSupportedException($"Type '{member.Type.FullName}' is not yet supported.");
        var read = (Delegate)_makeRead.MakeGenericMethod(member.Type).Invoke(this, [member]);
        return MemberGetters.Create(member.Type, member.ColumnType as KeyDataViewType, read);
    }

    private Func<TMember> MakeRead<TMember>(RowMember member)
    {
        var reader = member.Reader<TRow, TMember>();
        return () => reader(Current());
    }
}

/// <summary>The view of a sequence of objects.</summary>
internal sealed class EnumerableDataView<TRow> : IDataView where TRow : class
{
    private readonly IHost _host;
    private readonly IEnumerable<TRow> _data;
    private readonly RowMember[] _members;

    public EnumerableDataView(IHostEnvironment env, IEnumerable<TRow> data, SchemaDefinition definition)
    {
        _host = env.Register("StreamingDataView");
        _data = data;
        _members = RowMember.Create(typeof(TRow), definition ?? SchemaDefinition.Create(typeof(TRow), SchemaDefinition.Direction.Read));
        Schema = RowMember.Schema(_members);
    }

    public DataViewSchema Schema { get; }

    public bool CanShuffle => false;

    public long? GetRowCount() => (_data as ICollection<TRow>)?.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(this, RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema));

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    private sealed class Cursor : DataViewRowCursor
    {
        private readonly IHost _host;
        private readonly IEnumerator<TRow> _objects;
        private readonly ObjectRow<TRow> _row;
        private bool _disposed;

        public Cursor(EnumerableDataView<TRow> parent, Func<int, bool> active)
        {
            _host = parent._host;
            _objects = parent._data.GetEnumerator();
            _row = new ObjectRow<TRow>(parent._host, parent.Schema, parent._members, active);
        }

        public override DataViewSchema Schema => _row.Schema;

        public override long Position => _row.Position;

        public override long Batch => 0;

        public override bool IsColumnActive(DataViewSchema.Column column) => _row.IsColumnActive(column);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => _row.GetGetter<TValue>(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => _row.GetIdGetter();

        public override bool MoveNext()
        {
            if (_disposed)
                return false;
            if (!_objects.MoveNext())
            {
                Dispose();
                return false;
            }
            if (_objects.Current == null)
                throw _host.Except("Encountered null when iterating over data, this is not supported.");
            _row.Advance(_objects.Current);
            return true;
        }

        protected override void Dispose(bool disposing)
        {
            if (_disposed || !disposing)
                return;
            _disposed = true;
            _row.Finish();
            _objects.Dispose();
        }
    }
}
