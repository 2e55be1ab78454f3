using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>A row for each code of each row of utterances; lazy.</summary>
internal sealed class FrameView(IDataView source, FrameColumns names, FrameSchema schema) : IDataView
{
    readonly AddedColumns _columns = schema.Columns;

    public DataViewSchema Schema => _columns.OutputSchema;

    // The utterances could come in another order; the codes of each stay together.
    public bool CanShuffle => source.CanShuffle;

    // Not known before every utterance is read.
    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = _columns.Active(columnsNeeded);
        return new FrameCursor(names, schema, source.GetRowCursor(Needed(active), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = _columns.Active(columnsNeeded);
        return [.. source.GetRowCursorSet(Needed(active), n, rand).Select(cursor => new FrameCursor(names, schema, cursor, active))];
    }

    // The codes say how many rows there are, whatever is asked for. Labels are read only for labels.
    List<DataViewSchema.Column> Needed(bool[] active)
    {
        bool labels = FrameCursor.IsLabelActive(names, _columns, active);
        return [.. _columns.InputSchema.Where(column => active[column.Index] || column.Index == schema.Codes.Index
            || (labels && _columns.InputColumns.Any(read => read.Index == column.Index)))];
    }
}
