using System.Numerics;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Copies rows one after the other into memory that becomes the tensors of a batch.</summary>
internal abstract class RowReader
{
    /// <summary>Reads the current row into a slot; throws if its values are unsuitable for the network.</summary>
    public abstract void Read(int slot);

    /// <summary>Number of values of the row in a slot, where rows are padded to the longest of those that are computed together; 0 where all
    /// rows are of one size.</summary>
    public virtual long SizeOf(int slot) => 0;

    /// <summary>The given slots as tensors [count, …] on the CPU, one for each part of a row.</summary>
    public abstract IReadOnlyList<Tensor> ToTensors(int first, int count);

    protected static Tensor ToTensor<T>(ReadOnlySpan<T> values, ScalarType type, params long[] shape) where T : unmanaged
    {
        Tensor tensor = empty(shape, dtype: type);
        values.CopyTo(MemoryMarshal.Cast<byte, T>(tensor.bytes));
        return tensor;
    }
}

/// <summary>Several readers of the same rows; their tensors follow one another in the order of the readers.</summary>
internal sealed class CombinedReader(params RowReader[] readers) : RowReader
{
    public override void Read(int slot)
    {
        foreach (RowReader reader in readers)
            reader.Read(slot);
    }

    public override long SizeOf(int slot) => readers.Max(reader => reader.SizeOf(slot));

    public override IReadOnlyList<Tensor> ToTensors(int first, int count) =>
        [.. readers.SelectMany(reader => reader.ToTensors(first, count))];
}

/// <summary>Finds NaN and infinities.</summary>
internal static class Finite
{
    /// <summary>The index of the first value that is NaN or infinite, or −1.</summary>
    public static int IndexOfOther(ReadOnlySpan<float> values)
    {
        // x * 0 is 0 for every finite x and NaN for the others, and a NaN stays in the sum.
        Vector<float> sum = Vector<float>.Zero;
        int index = 0;
        for (; index <= values.Length - Vector<float>.Count; index += Vector<float>.Count)
            sum += new Vector<float>(values[index..]) * Vector<float>.Zero;
        float rest = Vector.Sum(sum);
        for (; index < values.Length; index++)
            rest += values[index] * 0;
        if (rest == 0)
            return -1;
        for (index = 0; float.IsFinite(values[index]); index++) { }
        return index;
    }
}
