using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Copies rows, one after the other, into a block of memory that becomes a tensor.</summary>
internal abstract class RowReader
{
    /// <summary>Reads the row that the bound cursor stands on into a slot of the block; throws where its values are not fit for the
    /// network.</summary>
    public abstract void Read(int slot);

    /// <summary>The first <paramref name="count"/> slots as tensors [count, …] on the CPU: one for each thing that is read of a
    /// row.</summary>
    public abstract IReadOnlyList<Tensor> ToTensors(int count);

    protected static Tensor ToTensor<T>(ReadOnlySpan<T> values, ScalarType type, params long[] shape) where T : unmanaged
    {
        Tensor tensor = empty(shape, dtype: type);
        values.CopyTo(MemoryMarshal.Cast<byte, T>(tensor.bytes));
        return tensor;
    }
}
