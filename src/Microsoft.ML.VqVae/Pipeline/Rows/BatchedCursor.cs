using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Serves rows one by one and computes them batch by batch. The leading cursor reads the network's input a batch ahead; the trailing one,
/// where columns pass through, stands on the row that is being served. The rows' identifiers prove that the two agree.
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
        _runner = new BatchRunner(mapping, leading, mapping.BatchSize, output => active[columns.InputSchema.Count + output], CurrentSlot);
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
                if (!_leading.MoveNext())
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
            // The rows before the bad one are good, and whoever takes no more than these need not hear of it.
            _pending = ExceptionDispatchInfo.Capture(exception);
        }
        _runner.Begin(_count);
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
                + "The source gives another order each time it is read; put a Cache after it, or shuffle through the cursor instead.");
        }
    }

    int CurrentSlot() => _position >= 0 ? _slot : throw new InvalidOperationException(
        "A value was asked for before the first MoveNext of the cursor, or after the last.");

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
            throw new InvalidOperationException(
                $"Column '{column.Name}' is not active in this cursor: it was not among the columns asked for.");
        return _columns.IsPassedThrough(column.Index)
            ? _trailing!.GetGetter<TValue>(_columns.InputSchema[column.Index])
            : _columns.Typed<TValue>(_runner.Getter(_columns.OutputOf(column.Index)), column);
    }

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
