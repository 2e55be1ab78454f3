using Microsoft.ML.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Reads rows into a batch and runs the network on it once, when a value is first requested. Only columns with a getter are computed: a
/// PredictionEngine declares all columns active and reads a few.
/// </summary>
internal sealed class BatchRunner
{
    /// <summary>The default of <see cref="IBatchMapping.MaxValues"/>: the activations of a network take some hundred times as many bytes.</summary>
    public const long DefaultMaxValues = 1 << 22;

    readonly IBatchMapping _mapping;
    readonly RowReader _reader;
    readonly Func<int> _slot;
    readonly BatchColumn?[] _columns;
    readonly Delegate?[] _getters;
    int _count;
    bool _ran;

    /// <param name="mapping">The model.</param>
    /// <param name="row">The row or cursor that the network's input is read from.</param>
    /// <param name="capacity">The maximum number of rows in a batch.</param>
    /// <param name="slot">Makes sure that the batch holds the current row, and returns its slot.</param>
    public BatchRunner(IBatchMapping mapping, DataViewRow row, int capacity, Func<int> slot)
    {
        (_mapping, _slot, Capacity) = (mapping, slot, capacity);
        _reader = mapping.CreateReader(row, capacity);
        _columns = new BatchColumn?[mapping.OutputColumns.Count];
        _getters = new Delegate?[_columns.Length];
    }

    public int Capacity { get; }

    /// <summary>Computes the first output column of one row.</summary>
    public static T FirstColumn<T>(IBatchMapping mapping, DataViewRow row)
    {
        var runner = new BatchRunner(mapping, row, capacity: 1, () => 0);
        var getter = (ValueGetter<T>)runner.Getter(0);
        runner.Read(0);
        runner.Start(1);
        T value = default!;
        getter(ref value);
        return value;
    }

    /// <summary>Computes the first output column of one row, a vector.</summary>
    public static T[] FirstVector<T>(IBatchMapping mapping, DataViewRow row) => [.. FirstColumn<VBuffer<T>>(mapping, row).DenseValues()];

    /// <summary>The ValueGetter of an output column.</summary>
    public Delegate Getter(int output)
    {
        if (_getters[output] is Delegate getter)
            return getter;
        // A column that is requested in the middle of a batch has the batch run again, with that column.
        _ran = false;
        _columns[output] = _mapping.CreateColumn(output, Capacity);
        return _getters[output] = _columns[output]!.CreateGetter(ReadySlot);
    }

    public void Read(int slot) => _reader.Read(slot);

    /// <summary>Starts a batch of the rows in the first <paramref name="count"/> slots.</summary>
    public void Start(int count) => (_count, _ran) = (count, false);

    int ReadySlot()
    {
        int slot = _slot();
        if (!_ran)
            Run();
        return slot;
    }

    void Run()
    {
        // Modes and dispose scopes belong to the thread, so that cursors and rows of other threads are untouched. Tensors of the inference
        // mode, which are cheaper than those without gradients, do not leave the batch.
        using IDisposable inference = inference_mode();
        for (int first = 0, rows; first < _count; first += rows)
        {
            using DisposeScope scope = NewDisposeScope();
            rows = RowsTogether(first);
            foreach (BatchColumn? column in _columns)
                column?.First = first;
            _mapping.Run(_reader.ToTensors(first, rows), _columns);
        }
        _ran = true;
    }

    // Rows of unequal length are padded to the longest: one long row among many short ones would take the memory of as many long ones.
    int RowsTogether(int first)
    {
        long longest = 0;
        for (int slot = first; slot < _count; slot++)
        {
            longest = Math.Max(longest, _reader.SizeOf(slot));
            if (slot > first && longest * (slot + 1 - first) > _mapping.MaxValues)
                return slot - first;
        }
        return _count - first;
    }
}
