namespace Microsoft.ML.Data;

/// <summary>Some columns of a view, in a given order.</summary>
internal sealed class SelectedColumnsDataView : IDataView
{
    private readonly IDataView _input;
    private readonly int[] _columns;

    public SelectedColumnsDataView(IDataView input, IEnumerable<int> columns)
    {
        _input = input;
        _columns = columns.ToArray();
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(_columns.Select(column => input.Schema[column]));
        Schema = schema.ToSchema();
    }

    public DataViewSchema Schema { get; }

    public bool CanShuffle => _input.CanShuffle;

    public long? GetRowCount() => _input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var active = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema);
        return new Cursor(this, _input.GetRowCursor(Needed(active), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var active = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema);
        return _input.GetRowCursorSet(Needed(active), n, rand)
            .Select(input => (DataViewRowCursor)new Cursor(this, input, active)).ToArray();
    }

    private List<DataViewSchema.Column> Needed(Func<int, bool> active) =>
        _columns.Where((_, i) => active(i)).Distinct().Select(column => _input.Schema[column]).ToList();

    private sealed class Cursor(SelectedColumnsDataView parent, DataViewRowCursor input, Func<int, bool> active)
        : SynchronizedCursorBase(input)
    {
        public override DataViewSchema Schema => parent.Schema;

        public override bool IsColumnActive(DataViewSchema.Column column) => active(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Runtime.Contracts.Check(IsColumnActive(column));
            return Input.GetGetter<TValue>(Input.Schema[parent._columns[column.Index]]);
        }
    }
}
