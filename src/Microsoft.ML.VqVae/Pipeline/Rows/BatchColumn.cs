using System.Runtime.InteropServices;
using Microsoft.ML.Data;
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
        _ => new NumberColumn(capacity),
    };

    /// <summary>Copies a tensor [rows, ...] of the network's device out. Called within a dispose scope.</summary>
    public abstract void Store(Tensor values);

    /// <summary>The same for rows of the given numbers of positions, padded to [rows, N, …]. Where the size of the column is known, all
    /// rows have N.</summary>
    public virtual void Store(Tensor values, IReadOnlyList<long> lengths) => Store(values);

    /// <summary>The ValueGetter of the column; <paramref name="slot"/> makes the batch ready and tells which of its rows is asked
    /// for.</summary>
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

/// <summary>Code indices as keys, which count from 1.</summary>
internal sealed class KeyColumn(int length, int capacity) : BatchColumn
{
    readonly uint[] _keys = new uint[checked(length * capacity)];

    public override void Store(Tensor values) => CopyOut<uint>(values + 1, ScalarType.Int32, _keys);

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<VBuffer<uint>>)((ref VBuffer<uint> value) =>
        Copy<uint>(_keys.AsSpan(slot() * length, length), ref value));
}

/// <summary>Vectors of numbers, as the tensor has them.</summary>
internal sealed class VectorColumn(int length, int capacity) : BatchColumn
{
    readonly float[] _values = new float[checked(length * capacity)];

    public override void Store(Tensor values) => CopyOut<float>(values, ScalarType.Float32, _values);

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
        Copy<float>(_values.AsSpan(slot() * length, length), ref value));
}

/// <summary>One number a row.</summary>
internal sealed class NumberColumn(int capacity) : BatchColumn
{
    readonly float[] _values = new float[capacity];

    public override void Store(Tensor values) => CopyOut<float>(values, ScalarType.Float32, _values);

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<float>)((ref float value) => value = _values[slot()]);
}
