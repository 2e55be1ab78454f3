using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

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
