using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The values of one output column for the rows of a batch.</summary>
internal abstract class BatchColumn
{
    /// <summary>The storage that a column's type implies.</summary>
    public static BatchColumn For(DataViewType type, int capacity) => type switch
    {
        VectorDataViewType { ItemType: KeyDataViewType, IsKnownSize: true } vector => new KeyColumn(vector.Size, capacity),
        VectorDataViewType { ItemType: KeyDataViewType } => new KeySequenceColumn(capacity),
        VectorDataViewType { IsKnownSize: true } vector => new VectorColumn(vector.Size, capacity),
        VectorDataViewType => new NumberSequenceColumn(capacity),
        BooleanDataViewType => new FlagColumn(capacity),
        _ => new NumberColumn(capacity),
    };

    /// <summary>The slot of the first row of those that are stored next: above 0 where rows of unequal length are computed in
    /// groups.</summary>
    public int First { get; set; }

    /// <summary>Copies the values of rows from a tensor [rows, …] on any device. Called within a dispose scope.</summary>
    public abstract void Store(Tensor values);

    /// <summary>The same for rows of the given numbers of positions, padded to [rows, N, …]. Where the size of the column is known, all
    /// rows have N.</summary>
    public virtual void Store(Tensor values, IReadOnlyList<long> lengths) => Store(values);

    /// <summary>The ValueGetter of the column; <paramref name="slot"/> completes the batch and returns the slot of the current
    /// row.</summary>
    public abstract Delegate CreateGetter(Func<int> slot);

    protected static void CopyOut<T>(Tensor values, ScalarType type, Span<T> destination) where T : unmanaged
    {
        // No "using": each step may give back the tensor it was given. The runner's scope frees them all.
        Tensor dense = values.to(type).cpu().contiguous();
        MemoryMarshal.Cast<byte, T>(dense.bytes).CopyTo(destination);
    }

    protected static void Copy<T>(ReadOnlySpan<T> values, ref VBuffer<T> destination)
    {
        VBufferEditor<T> editor = VBufferEditor.Create(ref destination, values.Length);
        values.CopyTo(editor.Values);
        destination = editor.Commit();
    }
}

/// <summary>Vectors of code indices, from 0, as keys, from 1.</summary>
internal sealed class KeyColumn(int length, int capacity) : BatchColumn
{
    readonly uint[] _keys = new uint[checked(length * capacity)];

    public override void Store(Tensor values) => CopyOut(values.Add(1), ScalarType.Int32, _keys.AsSpan(First * length));

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<VBuffer<uint>>)((ref VBuffer<uint> value) =>
        Copy<uint>(_keys.AsSpan(slot() * length, length), ref value));
}

/// <summary>Vectors of numbers.</summary>
internal sealed class VectorColumn(int length, int capacity) : BatchColumn
{
    readonly float[] _values = new float[checked(length * capacity)];

    public override void Store(Tensor values) => CopyOut(values, ScalarType.Float32, _values.AsSpan(First * length));

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        Copy<float>(_values.AsSpan(slot() * length, length), ref value));
}

/// <summary>One number per row.</summary>
internal sealed class NumberColumn(int capacity) : BatchColumn
{
    readonly float[] _values = new float[capacity];

    public override void Store(Tensor values) => CopyOut(values, ScalarType.Float32, _values.AsSpan(First));

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<float>)((ref float value) => value = _values[slot()]);
}

/// <summary>One truth value per row.</summary>
internal sealed class FlagColumn(int capacity) : BatchColumn
{
    readonly bool[] _values = new bool[capacity];

    public override void Store(Tensor values) => CopyOut(values, ScalarType.Bool, _values.AsSpan(First));

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<bool>)((ref bool value) => value = _values[slot()]);
}

/// <summary>Vectors of a length that differs from row to row.</summary>
internal abstract class SequenceColumn<T>(int capacity) : BatchColumn where T : unmanaged
{
    readonly T[][] _rows = new T[capacity][];

    public override void Store(Tensor values) => Store(values, [.. Enumerable.Repeat(values.shape[1], (int)values.shape[0])]);

    /// <summary>Copies the first positions of each row of a tensor [rows, N, …].</summary>
    public override void Store(Tensor values, IReadOnlyList<long> lengths)
    {
        for (int row = 0; row < lengths.Count; row++)
        {
            Tensor real = values.select(0, row).narrow(0, 0, lengths[row]);
            T[] numbers = new T[real.numel()];
            if (numbers.Length > 0)
                CopyOut(real, numbers);
            _rows[First + row] = numbers;
        }
    }

    /// <summary>Stores the values of one row of those that are computed, without a copy.</summary>
    public void Store(int row, T[] values) => _rows[First + row] = values;

    protected abstract void CopyOut(Tensor values, Span<T> destination);

    public override Delegate CreateGetter(Func<int> slot) =>
        (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) => Copy<T>(_rows[slot()], ref value));
}

/// <summary>Vectors of numbers of any length.</summary>
internal sealed class NumberSequenceColumn(int capacity) : SequenceColumn<float>(capacity)
{
    protected override void CopyOut(Tensor values, Span<float> destination) => CopyOut(values, ScalarType.Float32, destination);
}

/// <summary>Vectors of code indices, from 0, as keys, from 1, of any length.</summary>
internal sealed class KeySequenceColumn(int capacity) : SequenceColumn<uint>(capacity)
{
    protected override void CopyOut(Tensor values, Span<uint> destination) => CopyOut(values.Add(1), ScalarType.Int32, destination);
}
