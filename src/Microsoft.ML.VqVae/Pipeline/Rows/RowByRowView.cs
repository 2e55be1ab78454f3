using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The rows of a data view with columns added that are computed when a getter is called.</summary>
internal sealed class RowByRowView(IDataView source, IRowMapping mapping) : IDataView
{
    readonly AddedColumns _columns = mapping.Bind(source.Schema);

    public DataViewSchema Schema => _columns.OutputSchema;

    public bool CanShuffle => source.CanShuffle;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = _columns.Active(columnsNeeded);
        return new Cursor(_columns, mapping, source.GetRowCursor(_columns.Dependencies(active), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = _columns.Active(columnsNeeded);
        return [.. source.GetRowCursorSet(_columns.Dependencies(active), n, rand)
            .Select(cursor => new Cursor(_columns, mapping, cursor, active))];
    }

    sealed class Cursor : DataViewRowCursor
    {
        readonly AddedColumns _columns;
        readonly DataViewRowCursor _source;
        readonly bool[] _active;
        readonly Delegate?[] _getters;

        public Cursor(AddedColumns columns, IRowMapping mapping, DataViewRowCursor source, bool[] active)
        {
            (_columns, _source, _active) = (columns, source, active);
            _getters = RowByRowMapper.Getters(columns, mapping, source, active);
        }

        public override DataViewSchema Schema => _columns.OutputSchema;

        public override long Position => _source.Position;

        public override long Batch => _source.Batch;

        public override bool MoveNext() => _source.MoveNext();

        public override ValueGetter<DataViewRowId> GetIdGetter() => _source.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            RowByRowMapper.Getter<TValue>(_columns, _source, _active, _getters, column);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _source.Dispose();
            base.Dispose(disposing);
        }
    }
}
