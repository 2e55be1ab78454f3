using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Rows;

/// <summary>Reads rows into a batch, runs the network on it once and no sooner than a value is asked for, and keeps what came
/// out.</summary>
internal sealed class BatchRunner
{
    readonly IBatchMapping _mapping;
    readonly RowReader _reader;
    readonly BatchColumn?[] _columns;
    readonly Delegate?[] _getters;
    readonly Func<int> _slot;
    int _count;
    bool _ran;

    /// <param name="mapping">The model.</param>
    /// <param name="row">The row or cursor that the network's input is read from.</param>
    /// <param name="capacity">The largest batch.</param>
    /// <param name="isActive">Which output columns will be asked for.</param>
    /// <param name="slot">Tells which row of the batch is asked for, after it has made sure that the batch is the right one.</param>
    public BatchRunner(IBatchMapping mapping, DataViewRow row, int capacity, Func<int, bool> isActive, Func<int> slot)
    {
        _mapping = mapping;
        _slot = slot;
        Capacity = capacity;
        _reader = mapping.CreateReader(row, capacity);
        _columns = [.. Enumerable.Range(0, mapping.OutputColumns.Count)
            .Select(i => isActive(i) ? mapping.CreateColumn(i, capacity) : null)];
        _getters = [.. _columns.Select(column => column?.CreateGetter(ReadySlot))];
    }

    public int Capacity { get; }

    public bool IsActive(int output) => _columns[output] is not null;

    public Delegate Getter(int output) => _getters[output] ?? throw new InvalidOperationException(
        $"Column '{_mapping.OutputColumns[output].Name}' is not active in this cursor or row: it was not among the columns asked for.");

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
        _mapping.Run(_reader.ToTensor(_count), _columns);
        _ran = true;
    }
}
