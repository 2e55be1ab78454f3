using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>Tensors of C#'s own numbers: tensor() copies them, from_array() shares pinned memory.</summary>
public static unsafe partial class torch
{
    public static Tensor tensor(float scalar, Device? device = null, bool requires_grad = false) =>
        Copy([scalar], [], null, device, requires_grad);

    public static Tensor tensor(float[] rawArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        Copy<float>(rawArray, [rawArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false, string[]? names = null) =>
        Copy<float>(rawArray, dimensions.ToArray(), dtype, device, requires_grad);

    public static Tensor tensor(long scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Copy([scalar], [], dtype, device, requires_grad);

    public static Tensor tensor(long[] dataArray, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        Copy<long>(dataArray, [dataArray.Length], dtype, device, requires_grad);

    public static Tensor tensor(bool scalar, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        Copy([scalar], [], dtype, device, requires_grad);

    static Tensor Copy<T>(ReadOnlySpan<T> numbers, long[] dimensions, ScalarType? dtype, Device? device,
        bool requires_grad) where T : unmanaged
    {
        long wanted = dimensions.Aggregate(1L, (product, size) => product * size);
        if (wanted > numbers.Length)
            throw new ArgumentException($"mismatched total size creating a tensor from an array: {wanted} vs. {numbers.Length}");
        Tensor tensor = empty(dimensions, TypeOf(typeof(T)), CPU);
        numbers[..(int)wanted].CopyTo(new Span<T>((void*)tensor.Data, (int)wanted));
        return Placed(tensor, dtype, device, requires_grad);
    }

    static Tensor Placed(Tensor tensor, ScalarType? dtype, Device? device, bool requires_grad)
    {
        device = InitializeDevice(device);
        if (dtype is { } type && type != tensor.dtype || device.type != DeviceType.CPU)
        {
            Tensor made = tensor;
            tensor = made.to(dtype ?? made.dtype, device);
            made.Dispose();
        }
        return tensor.with_requires_grad(requires_grad);
    }
}
