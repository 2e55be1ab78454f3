using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Reads rows into a batch, runs the network on it once and no sooner than a value is asked for, and keeps what came out. It computes the
/// columns that somebody holds a getter of: a PredictionEngine declares all columns active and reads a few.
/// </summary>
internal sealed class BatchRunner
{
    readonly IBatchMapping _mapping;
    readonly RowReader _reader;
    readonly Func<int, bool> _isActive;
    readonly Func<int> _slot;
    readonly BatchColumn?[] _columns;
    readonly Delegate?[] _getters;
    int _count;
    bool _ran;

    /// <param name="mapping">The model.</param>
    /// <param name="row">The row or cursor that the network's input is read from.</param>
    /// <param name="capacity">The largest batch.</param>
    /// <param name="isActive">Which output columns may be asked for.</param>
    /// <param name="slot">Tells which row of the batch is asked for, after it has made sure that the batch is the right one.</param>
    public BatchRunner(IBatchMapping mapping, DataViewRow row, int capacity, Func<int, bool> isActive, Func<int> slot)
    {
        (_mapping, _isActive, _slot, Capacity) = (mapping, isActive, slot, capacity);
        _reader = mapping.CreateReader(row, capacity);
        _columns = new BatchColumn?[mapping.OutputColumns.Count];
        _getters = new Delegate?[_columns.Length];
    }

    public int Capacity { get; }

    public Delegate Getter(int output)
    {
        if (!_isActive(output))
        {
            string name = _mapping.OutputColumns[output].Name;
            throw new InvalidOperationException(
                $"Column '{name}' is not active in this cursor or row: it was not among the columns asked for.");
        }
        if (_getters[output] is Delegate getter)
            return getter;
        // Whoever comes in the middle of a batch has it computed again, with one column more.
        _ran = false;
        _columns[output] = _mapping.CreateColumn(output, Capacity);
        return _getters[output] = _columns[output]!.CreateGetter(ReadySlot);
    }

    public void Read(int slot) => _reader.Read(slot);

    /// <summary>Declares that the first <paramref name="count"/> slots hold the batch from now on.</summary>
    public void Begin(int count) => (_count, _ran) = (count, false);

    int ReadySlot()
    {
        int slot = _slot();
        if (!_ran)
            Run();
        return slot;
    }

    void Run()
    {
        // Grad mode and dispose scopes belong to the thread, so that cursors and rows of other threads are untouched.
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        _mapping.Run(_reader.ToTensors(_count), _columns);
        _ran = true;
    }
}
