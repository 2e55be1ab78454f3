using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

#pragma warning disable CA1720 // They are the names of the types.
/// <summary>The precision of convolutions and matrix products in training.</summary>
public enum TrainingPrecision
{
    /// <summary>32-bit floating point.</summary>
    Single,

    /// <summary>Mixed precision: convolutions, matrix products and the activations between them in BFloat16, everything else in Single.
    /// Training is faster where the processor or the GPU has instructions for BFloat16, and slower elsewhere.</summary>
    BFloat16,

    /// <summary><see cref="BFloat16"/> where the processor (AVX512_BF16, AMX) or the GPU (compute capability 8.0 or above) computes it
    /// fast, <see cref="Single"/> elsewhere.</summary>
    Auto,
}
#pragma warning restore CA1720

/// <summary>The devices that compute BFloat16 fast.</summary>
internal static class FastBFloat16
{
    /// <summary>Whether training on a device is in BFloat16.</summary>
    internal static bool Uses(TrainingPrecision precision, Device device) =>
        precision == TrainingPrecision.BFloat16 || (precision == TrainingPrecision.Auto && IsOn(device));

    internal static bool IsOn(Device device) => device.type switch
    {
        DeviceType.CPU => IsOnProcessor,
        DeviceType.CUDA => ComputeCapability(device.index) >= 8,
        _ => false,
    };

    // AVX512_BF16 is bit 5 of EAX of leaf 7, subleaf 1; processors with AMX have it too. Avx512F also asks whether the operating system
    // saves the registers.
    static bool IsOnProcessor =>
        !NativeSettings.LimitsInstructions && Avx512F.IsSupported && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;

    /// <summary>The major number of the compute capability of a GPU, from the driver, since TorchSharp does not tell; 0 without a
    /// driver.</summary>
    static unsafe int ComputeCapability(int gpu)
    {
        const int computeCapabilityMajor = 75;
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda" : "libcuda.so.1", out nint driver)
            || !NativeLibrary.TryGetExport(driver, "cuInit", out nint initialize)
            || !NativeLibrary.TryGetExport(driver, "cuDeviceGetAttribute", out nint getAttribute))
        {
            return 0;
        }
        int major = 0;
        return ((delegate* unmanaged<uint, int>)initialize)(0) == 0
            && ((delegate* unmanaged<int*, int, int, int>)getAttribute)(&major, computeCapabilityMajor, Math.Max(0, gpu)) == 0 ? major : 0;
    }
}
