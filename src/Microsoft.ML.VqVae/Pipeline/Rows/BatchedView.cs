using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The rows of a data view with a model's columns added: lazy, and batch by batch.</summary>
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
            return new PassThroughCursor(_columns, source.GetRowCursor(passed, rand));

        // Two cursors walk the source: one a batch ahead, with the network's input alone, and one in step with the reader. A shuffled
        // source must give both the same order, hence two generators of one seed.
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
            // A set of fewer is allowed. The network uses all processors for a batch, and two sets of the source need not be split alike.
            return [GetRowCursor(needed, rand)];
        }
        return [.. source.GetRowCursorSet(_columns.PassedThrough(active), n, rand)
            .Select(cursor => new PassThroughCursor(_columns, cursor))];
    }
}
