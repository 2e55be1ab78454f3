using System.Collections;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace TorchSharp.Utils;

/// <summary>The numbers of a tensor in processor memory, in order of its indices whatever its strides.</summary>
public sealed unsafe class TensorAccessor<T> : IDisposable, IEnumerable<T> where T : unmanaged
{
    readonly Tensor tensor;
    readonly T* start;
    readonly long[] shape, strides;
    readonly bool contiguous;

    internal TensorAccessor(Tensor tensor)
    {
        this.tensor = tensor;
        start = (T*)tensor.Data;
        shape = tensor.shape;
        strides = tensor.stride();
        contiguous = tensor.is_contiguous();
        Count = tensor.NumberOfElements;
    }

    public long Count { get; }

    public T this[params long[] indices]
    {
        get => *At(indices);
        set => *At(indices) = value;
    }

    T* At(long[] indices)
    {
        if (indices.Length == 1) return At(indices[0]);
        long offset = 0;
        for (int i = 0; i < indices.Length; i++)
        {
            if (indices[i] < 0 || indices[i] >= shape[i]) throw new IndexOutOfRangeException();
            offset += indices[i] * strides[i];
        }
        return start + offset;
    }

    T* At(long index)
    {
        if (index < 0 || index >= Count) throw new IndexOutOfRangeException();
        if (contiguous) return start + index;
        long offset = 0;
        for (int i = shape.Length - 1; i >= 0; i--) (index, offset) = (index / shape[i], offset + index % shape[i] * strides[i]);
        return start + offset;
    }

    public T[] ToArray()
    {
        var array = new T[Count];
        CopyTo(array);
        return array;
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(array.AsSpan(), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        int length = (int)Math.Min(Count - tensorIndex, array.Length - arrayIndex);
        if (contiguous) new ReadOnlySpan<T>(start + tensorIndex, length).CopyTo(array[arrayIndex..]);
        else
            for (int i = 0; i < length; i++) array[arrayIndex + i] = *At(tensorIndex + i);
        GC.KeepAlive(tensor);
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (long i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The tensor stays its owner's.</summary>
    public void Dispose() { }
}
