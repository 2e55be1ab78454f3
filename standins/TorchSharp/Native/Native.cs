using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace TorchSharp;

/// <summary>The functions of torch_bridge.cpp. Those that return byte* return null, or a message that Check raises.</summary>
internal static unsafe class Native
{
    const string Library = "TorchSharpBridge";

    /// <summary>One argument or result of an operator; the layout of Slot in torch_bridge.cpp.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Slot
    {
        public int Kind;
        public int Count;
        public long Bits;
    }

    static Native()
    {
        // Some builds of libtorch start with one thread under .NET; the packaged ones start with all cores.
        if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is null or "")
            Check(torch_set_threads(Environment.ProcessorCount));
    }

    internal static void Check(byte* message)
    {
        if (message != null) Raise(message);
    }

    static void Raise(byte* message)
    {
        string text = Marshal.PtrToStringUTF8((nint)message)!;
        torch_free(message);
        throw new ExternalException(text);
    }

    [DllImport(Library)] internal static extern byte* torch_find(byte* name, byte* overload, nint* op);
    [DllImport(Library)] internal static extern byte* torch_call(nint op, Slot* arguments, int count, Slot* results, int capacity);
    [DllImport(Library)] internal static extern void torch_free(void* memory);

    [DllImport(Library)] internal static extern void tensor_release(nint handle);
    [DllImport(Library), SuppressGCTransition] internal static extern int tensor_dim(nint handle);
    [DllImport(Library), SuppressGCTransition] internal static extern void tensor_shape(nint handle, long* sizes, long* strides);
    [DllImport(Library), SuppressGCTransition] internal static extern long tensor_numel(nint handle);
    [DllImport(Library), SuppressGCTransition] internal static extern int tensor_dtype(nint handle);
    [DllImport(Library), SuppressGCTransition] internal static extern int tensor_element_size(nint handle);
    [DllImport(Library), SuppressGCTransition] internal static extern int tensor_device(nint handle, int* index);
    [DllImport(Library), SuppressGCTransition] internal static extern int tensor_is_contiguous(nint handle);
    [DllImport(Library), SuppressGCTransition] internal static extern nint tensor_data(nint handle);

    [DllImport(Library), SuppressGCTransition] internal static extern int tensor_requires_grad(nint handle);
    [DllImport(Library)] internal static extern byte* tensor_set_requires_grad(nint handle, int on);
    [DllImport(Library)] internal static extern nint tensor_grad(nint handle);
    [DllImport(Library)] internal static extern byte* tensor_set_grad(nint handle, nint gradient);
    [DllImport(Library)] internal static extern byte* tensor_backward(nint handle, nint gradient, int retain, int create, nint* inputs,
        int count);
    [DllImport(Library), SuppressGCTransition] internal static extern int grad_mode();
    [DllImport(Library), SuppressGCTransition] internal static extern void set_grad_mode(int on);

    [DllImport(Library)] internal static extern nint generator_new(long seed, int deviceType, int deviceIndex);
    [DllImport(Library)] internal static extern nint generator_default();
    [DllImport(Library)] internal static extern void generator_release(nint generator);
    [DllImport(Library)] internal static extern byte* generator_get_state(nint generator, nint* state);

    [DllImport(Library)] internal static extern byte* torch_set_threads(int count);
    [DllImport(Library)] internal static extern int cuda_device_count();
}
