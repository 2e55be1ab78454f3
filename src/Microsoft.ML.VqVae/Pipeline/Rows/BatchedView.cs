using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The rows of a data view with the columns of a model, computed lazily in batches.</summary>
internal sealed class BatchedView(IDataView source, IBatchMapping mapping) : IDataView
{
    readonly AddedColumns _columns = new(source.Schema, mapping);

    public DataViewSchema Schema => _columns.OutputSchema;

    public bool CanShuffle => source.CanShuffle && !mapping.NeedsRowsInOrder;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = _columns.Active(columnsNeeded);
        if (mapping.NeedsRowsInOrder)
            rand = null;
        DataViewSchema.Column[] passed = [.. _columns.PassedThrough(active)];
        if (!_columns.AnyAdded(active))
            return PassThrough(source.GetRowCursor(passed, rand), active);

        // Two cursors read the source: one a batch ahead, with the network's input alone, and one at the current row. Both need the
        // same order if the source is shuffled, so their generators have the same seed.
        int? seed = rand?.Next();
        Random? Generator() => seed is int value ? new Random(value) : null;
        DataViewRowCursor ahead = source.GetRowCursor(_columns.InputColumns, Generator());
        DataViewRowCursor? inStep = passed.Length > 0 ? source.GetRowCursor(passed, Generator()) : null;
        return new BatchedCursor(_columns, mapping, ahead, inStep, active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        DataViewSchema.Column[] needed = [.. columnsNeeded];
        bool[] active = _columns.Active(needed);
        if (_columns.AnyAdded(active))
        {
            // A set of fewer cursors is allowed. The network uses all processors for a batch, and two sets of the source may be split
            // differently.
            return [GetRowCursor(needed, rand)];
        }
        return [.. source.GetRowCursorSet(_columns.PassedThrough(active), n, rand)
            .Select(cursor => PassThrough(cursor, active))];
    }

    // A cursor for requests without an added column: the network does not run.
    ExtendedCursor PassThrough(DataViewRowCursor cursor, bool[] active) =>
        new(_columns, cursor, active, _ => throw new InvalidOperationException("No added column is active."));
}
