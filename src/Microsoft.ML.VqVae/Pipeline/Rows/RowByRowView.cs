using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The computation of output columns row by row, without a network.</summary>
internal interface IRowMapping : IOnnxColumns
{
    /// <summary>Finds the input columns and describes the added ones; throws if an input column is missing or has an unsuitable
    /// type.</summary>
    AddedColumns Bind(DataViewSchema inputSchema);

    /// <summary>The ValueGetter of an added column for the current row of <paramref name="row"/>.</summary>
    Delegate CreateGetter(DataViewRow row, AddedColumns columns, int output);
}

/// <summary>The rows of a data view with added columns that are computed when a getter is called.</summary>
internal sealed class RowByRowView(IDataView source, ITransformer transformer, IRowMapping mapping)
    : OnnxView(source, transformer, mapping)
{
    readonly IRowMapping _mapping = mapping;
    readonly AddedColumns _columns = mapping.Bind(source.Schema);

    public override DataViewSchema Schema => _columns.OutputSchema;

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = _columns.Active(columnsNeeded);
        return Over(Source.GetRowCursor(_columns.Dependencies(active), rand), active);
    }

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = _columns.Active(columnsNeeded);
        return [.. Source.GetRowCursorSet(_columns.Dependencies(active), n, rand).Select(cursor => Over(cursor, active))];
    }

    ExtendedCursor Over(DataViewRowCursor cursor, bool[] active) =>
        new(_columns, cursor, active, _columns.CreateGetters(_mapping, cursor, active));
}

/// <summary>A cursor that adds columns to the rows of another, one row for each.</summary>
internal sealed class ExtendedCursor(AddedColumns columns, DataViewRowCursor source, bool[] active, Func<int, Delegate> getters)
    : DataViewRowCursor
{
    public override DataViewSchema Schema => columns.OutputSchema;

    public override long Position => source.Position;

    public override long Batch => source.Batch;

    public override bool MoveNext() => source.MoveNext();

    public override ValueGetter<DataViewRowId> GetIdGetter() => source.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        columns.Getter<TValue>(column, active, source, getters);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            source.Dispose();
        base.Dispose(disposing);
    }
}
