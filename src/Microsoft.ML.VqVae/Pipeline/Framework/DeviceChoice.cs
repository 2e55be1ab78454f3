using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Where a network is computed: MLContext.GpuDeviceId and MLContext.FallbackToCpu decide, as for ML.NET's own
/// components.</summary>
internal static class DeviceChoice
{
    public static Device For(IHostEnvironment environment)
    {
        (int? gpu, bool fallback) = MLNetInternals.DeviceSettingsOf(environment);
        if (gpu is not int index)
            return CPU;
        int present = cuda.is_available() ? cuda.device_count() : 0;
        if (index >= 0 && index < present)
            return new Device(DeviceType.CUDA, index);
        string devices = present == 0 ? "no CUDA device" : $"{present} CUDA device(s), numbered from 0";
        string found = $"MLContext.GpuDeviceId is {index}, but libtorch sees {devices}";
        if (!fallback)
        {
            throw new InvalidOperationException(
                $"{found}. Reference TorchSharp-cuda-windows or TorchSharp-cuda-linux instead of TorchSharp-cpu, "
                + "set GpuDeviceId to null, or set MLContext.FallbackToCpu to true.");
        }
        using IChannel channel = environment.Start("VqVae");
        channel.Warning(MessageSensitivity.None, $"{found}; the CPU is used.");
        return CPU;
    }
}
