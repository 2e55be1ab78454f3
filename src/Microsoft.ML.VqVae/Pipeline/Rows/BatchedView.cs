using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>The rows of a data view with the columns of a model, computed lazily in batches.</summary>
internal sealed class BatchedView(IDataView source, ITransformer transformer, IBatchMapping mapping)
    : OnnxView(source, transformer, mapping)
{
    readonly IBatchMapping _mapping = mapping;
    readonly AddedColumns _columns = new(source.Schema, mapping);

    public override DataViewSchema Schema => _columns.OutputSchema;

    public override bool CanShuffle => base.CanShuffle && !_mapping.NeedsRowsInOrder;

    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = _columns.Active(columnsNeeded);
        if (_mapping.NeedsRowsInOrder)
            rand = null;
        DataViewSchema.Column[] passed = [.. _columns.PassedThrough(active)];
        if (!_columns.AnyAdded(active))
            return PassThrough(Source.GetRowCursor(passed, rand), active);

        // Two cursors read the source: one a batch ahead, with the network's input alone, and one at the current row. Both need the
        // same order if the source is shuffled, so their generators have the same seed.
        int? seed = rand?.Next();
        Random? Generator() => seed is int value ? new Random(value) : null;
        DataViewRowCursor ahead = Source.GetRowCursor(_columns.InputColumns, Generator());
        DataViewRowCursor? inStep = passed.Length > 0 ? Source.GetRowCursor(passed, Generator()) : null;
        return new BatchedCursor(_columns, _mapping, ahead, inStep, active);
    }

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        DataViewSchema.Column[] needed = [.. columnsNeeded];
        bool[] active = _columns.Active(needed);
        if (_columns.AnyAdded(active))
        {
            // A set of fewer cursors is allowed. The network uses all processors for a batch, and two sets of the source may be split
            // differently.
            return [GetRowCursor(needed, rand)];
        }
        return [.. Source.GetRowCursorSet(_columns.PassedThrough(active), n, rand)
            .Select(cursor => PassThrough(cursor, active))];
    }

    // A cursor for requests without an added column: the network does not run.
    ExtendedCursor PassThrough(DataViewRowCursor cursor, bool[] active) =>
        new(_columns, cursor, active, _ => throw new InvalidOperationException("No added column is active."));
}

/// <summary>
/// A cursor whose rows are computed batch by batch. The leading cursor reads the network's input one batch ahead; the trailing cursor,
/// needed if columns pass through, is at the current row. The two are checked against each other by the IDs of their rows.
/// </summary>
internal sealed class BatchedCursor : DataViewRowCursor
{
    readonly AddedColumns _columns;
    readonly DataViewRowCursor _leading;
    readonly DataViewRowCursor? _trailing;
    readonly BatchRunner _runner;
    readonly bool[] _active;
    readonly ValueGetter<DataViewRowId> _leadingId;
    readonly ValueGetter<DataViewRowId>? _trailingId;
    readonly DataViewRowId[] _ids;
    readonly long[] _batches;
    ExceptionDispatchInfo? _pending;
    int _count;
    int _slot = -1;
    long _position = -1;
    bool _leadingEnded;
    bool _ended;

    public BatchedCursor(AddedColumns columns, IBatchMapping mapping, DataViewRowCursor leading, DataViewRowCursor? trailing, bool[] active)
    {
        (_columns, _leading, _trailing, _active) = (columns, leading, trailing, active);
        _runner = new BatchRunner(mapping, leading, mapping.BatchSize, CurrentSlot);
        _ids = new DataViewRowId[_runner.Capacity];
        _batches = new long[_runner.Capacity];
        _leadingId = leading.GetIdGetter();
        _trailingId = trailing?.GetIdGetter();
    }

    public override DataViewSchema Schema => _columns.OutputSchema;

    public override long Position => _position;

    public override long Batch => _position < 0 ? 0 : _batches[_slot];

    public override bool MoveNext()
    {
        if (_ended)
            return false;
        if (++_slot >= _count)
        {
            ReadBatch();
            if (_count == 0)
            {
                (_ended, _position) = (true, -1);
                return false;
            }
            _slot = 0;
        }
        _position++;
        if (_trailing is not null)
            FollowWithTrailing(_trailing);
        return true;
    }

    void ReadBatch()
    {
        _pending?.Throw();
        _count = 0;
        try
        {
            while (_count < _runner.Capacity && !_leadingEnded)
            {
                if (!UnreadableRow.MoveNext(_leading))
                {
                    _leadingEnded = true;
                    break;
                }
                _runner.Read(_count);
                _leadingId(ref _ids[_count]);
                _batches[_count] = _leading.Batch;
                _count++;
            }
        }
        catch (Exception exception) when (_count > 0)
        {
            // The rows before the bad one can be served; the error is thrown when the bad row is requested.
            _pending = ExceptionDispatchInfo.Capture(exception);
        }
        _runner.Start(_count);
    }

    void FollowWithTrailing(DataViewRowCursor trailing)
    {
        DataViewRowId id = default;
        bool moved = trailing.MoveNext();
        if (moved)
            _trailingId!(ref id);
        if (!moved || !id.Equals(_ids[_slot]))
        {
            throw new InvalidOperationException(
                $"Two cursors over the same data view disagree at row {_position}: "
                + $"one has {(moved ? $"row {id}" : "ended")}, the other is at row {_ids[_slot]}. "
                + "The source has another order each time it is read: cache it (mlContext.Data.Cache) before this transformer.");
        }
    }

    int CurrentSlot() => _position >= 0 ? _slot : throw new InvalidOperationException(
        "A value was requested before the first MoveNext of the cursor, or after the last.");

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        _columns.Getter<TValue>(column, _active, _trailing, _runner.Getter);

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = _ids[CurrentSlot()];

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _leading.Dispose();
            _trailing?.Dispose();
        }
        base.Dispose(disposing);
    }
}
