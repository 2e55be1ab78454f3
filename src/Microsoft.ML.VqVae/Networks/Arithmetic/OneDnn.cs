using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Matrix products by oneDNN, the library within libtorch that computes convolutions, and products in BFloat16. libtorch leaves products in
/// Single to MKL, which computes them by AVX2 on processors of AMD, at less than half the speed.
/// </summary>
/// <remarks>
/// TorchSharp has no call for it: these are functions of libtorch's C++ headers (ATen/Context.h and ATen/native/mkldnn/Matmul.h), by their
/// names in the libraries for Linux and Windows. Tensors of TorchSharp are pointers to those of C++. An exception of C++ would end the
/// process, so that arguments are checked first; only where memory runs out within a product does it end.
/// </remarks>
internal static unsafe class OneDnn
{
    static readonly Lazy<Functions> _functions = new(() => new Functions());

    /// <summary>Whether <see cref="Multiply"/> can be used: the processor has AVX-512, no variable forbids it, and libtorch has the
    /// function. Loads libtorch.</summary>
    public static bool HasProducts =>
        Avx512F.VL.IsSupported && Avx512BW.VL.IsSupported && Avx512DQ.VL.IsSupported
        && !NativeSettings.ConvolutionsAreBelow(ProcessorInstructions.Avx512) && _functions.Value.Multiply is not null;

    /// <summary>Whether libtorch has all functions.</summary>
    internal static bool HasFunctions =>
        _functions.Value is { Context: not null, EnableOneDnn: not null, EnableNnpack: not null, Multiply: not null };

    /// <summary>Lets libtorch compute all by its own loops and MKL, in this process, also what other code asks of it. <see cref="Multiply"/> is
    /// not affected. False if this libtorch has no such function.</summary>
    public static bool TurnOff()
    {
        if (_functions.Value is not { Context: not null, EnableOneDnn: not null } functions)
            return false;
        nint context = functions.Context();
        functions.EnableOneDnn(context, 0);
        // Where oneDNN does not work for want of caches, NNPACK does not start either, and libtorch would warn of it.
        if (functions.EnableNnpack is not null)
            functions.EnableNnpack(context, 0);
        return true;
    }

    /// <summary>result = left·right, or result += left·right, without gradients.</summary>
    /// <param name="left">[n, m], Float32 or BFloat16, on the CPU.</param>
    /// <param name="right">[m, p], of the same type.</param>
    /// <param name="result">[n, p], of the same type, contiguous: oneDNN would write a column with gaps to the wrong
    /// places.</param>
    /// <param name="adds">Whether the product is added.</param>
    public static void Multiply(Tensor left, Tensor right, Tensor result, bool adds)
    {
        Check(left, right, result);
        if (result.numel() == 0)
            return;
        _functions.Value.Multiply(left.Handle, right.Handle, result.Handle, adds ? 1 : 0, 1);
        GC.KeepAlive(left);
        GC.KeepAlive(right);
        GC.KeepAlive(result);
    }

    static void Check(Tensor left, Tensor right, Tensor result)
    {
        bool fits = left.Dimensions == 2 && right.Dimensions == 2 && result.Dimensions == 2 && left.size(1) == right.size(0)
            && left.size(1) > 0 && result.is_contiguous() && result.size(0) == left.size(0) && result.size(1) == right.size(1)
            && left.dtype is ScalarType.Float32 or ScalarType.BFloat16 && right.dtype == left.dtype && result.dtype == left.dtype
            && left.device_type == DeviceType.CPU && right.device_type == DeviceType.CPU && result.device_type == DeviceType.CPU;
        if (!fits)
        {
            throw new ArgumentException(
                "A product [n, m] · [m, p] → [n, p] is expected, with m above 0 and a contiguous result, in Float32 or BFloat16 on the CPU, but "
                + $"found is {Shown(left)} · {Shown(right)} → {Shown(result)}.");
        }

        static string Shown(Tensor matrix) =>
            $"{matrix.dtype} [{string.Join(", ", matrix.shape)}]{(matrix.is_contiguous() ? "" : " with gaps")} on {matrix.device_type}";
    }

    /// <summary>The functions, null where libtorch has none of the name.</summary>
    sealed class Functions
    {
        readonly nint _library;

        public Functions()
        {
            if (RuntimeInformation.ProcessArchitecture != Architecture.X64
                || !NativeLibrary.TryLoad("torch_cpu", typeof(torch).Assembly, searchPath: null, out _library))
            {
                return;
            }
            Context = (delegate* unmanaged<nint>)Named("_ZN2at13globalContextEv", "?globalContext@at@@YAAEAVContext@1@XZ");
            EnableOneDnn = (delegate* unmanaged<nint, byte, void>)Named(
                "_ZN2at7Context20setUserEnabledMkldnnEb", "?setUserEnabledMkldnn@Context@at@@QEAAX_N@Z");
            EnableNnpack = (delegate* unmanaged<nint, byte, void>)Named(
                "_ZN2at7Context20setUserEnabledNNPACKEb", "?setUserEnabledNNPACK@Context@at@@QEAAX_N@Z");
            Multiply = (delegate* unmanaged<nint, nint, nint, float, float, void>)Named(
                "_ZN2at6native13mkldnn_matmulERKNS_6TensorES3_S3_ff", "?mkldnn_matmul@native@at@@YAXAEBVTensor@2@00MM@Z");
        }

        public delegate* unmanaged<nint> Context { get; }

        public delegate* unmanaged<nint, byte, void> EnableOneDnn { get; }

        public delegate* unmanaged<nint, byte, void> EnableNnpack { get; }

        public delegate* unmanaged<nint, nint, nint, float, float, void> Multiply { get; }

        nint Named(string onLinux, string onWindows) =>
            NativeLibrary.TryGetExport(_library, OperatingSystem.IsWindows() ? onWindows : onLinux, out nint function) ? function : 0;
    }
}
