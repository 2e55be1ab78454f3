using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Vectors whose length differs from row to row.</summary>
internal abstract class SequenceColumn<T>(int capacity) : BatchColumn where T : unmanaged
{
    readonly T[][] _rows = new T[capacity][];

    public override void Store(Tensor values) => Store(values, [.. Enumerable.Repeat(values.shape[1], (int)values.shape[0])]);

    /// <summary>Copies of each row of [rows, N, …] its first positions out.</summary>
    public override void Store(Tensor values, IReadOnlyList<long> lengths)
    {
        for (int row = 0; row < lengths.Count; row++)
        {
            Tensor real = values.select(0, row).narrow(0, 0, lengths[row]);
            T[] numbers = new T[real.numel()];
            if (numbers.Length > 0)
                CopyOut(real, numbers);
            _rows[row] = numbers;
        }
    }

    /// <summary>Takes over the values of one row.</summary>
    public void Store(int row, T[] values) => _rows[row] = values;

    protected abstract void CopyOut(Tensor values, Span<T> destination);

    public override Delegate CreateGetter(Func<int> slot) =>
        (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => Copy<T>(_rows[slot()], ref value));
}

/// <summary>Numbers, as the tensor has them.</summary>
internal sealed class NumberSequenceColumn(int capacity) : SequenceColumn<float>(capacity)
{
    protected override void CopyOut(Tensor values, Span<float> destination) => CopyOut(values, ScalarType.Float32, destination);
}

/// <summary>Code indices as keys, which count from 1.</summary>
internal sealed class KeySequenceColumn(int capacity) : SequenceColumn<uint>(capacity)
{
    protected override void CopyOut(Tensor values, Span<uint> destination) => CopyOut(values + 1, ScalarType.Int32, destination);
}
