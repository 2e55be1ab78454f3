using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a network in a model file: all that is needed to recreate it, except its weights.</summary>
internal interface INetworkDescription<out TNetwork>
{
    /// <summary>Number of rows that the network processes at once.</summary>
    int PredictionBatchSize { get; }

    TNetwork CreateNetwork(int seed);
}

/// <summary>
/// A trained network that several transformers share, such as an encoder and its decoders. Thread-safe: running it only reads the weights.
/// Freed when its last holder releases it.
/// </summary>
internal abstract class TrainedModel
{
    readonly nn.Module _module;
    readonly Lock _lock = new();
    int _holders = 1;

    /// <summary>Takes ownership of a network, which stays on its device.</summary>
    private protected TrainedModel(nn.Module network, Device device)
    {
        (_module, Device) = (network, device);
        network.eval();
        ParameterCount = network.parameters().Sum(parameter => parameter.numel());
    }

    public long ParameterCount { get; }

    public Device Device { get; private protected set; }

    /// <summary>The network, while it is held.</summary>
    protected nn.Module Module => _holders > 0 ? _module : throw new ObjectDisposedException(
        "transformer",
        "The transformer was disposed, and its network with it. A PredictionEngine disposes its transformer too, unless it is created with "
        + "PredictionEngineOptions.OwnsTransformer = false.");

    /// <summary>Keeps the network alive until the matching <see cref="Release"/>.</summary>
    /// <exception cref="ObjectDisposedException">The network has been freed.</exception>
    public void Hold()
    {
        lock (_lock)
        {
            _ = Module;
            _holders++;
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            if (--_holders == 0)
                _module.Dispose();
        }
    }

    public void WriteWeights(Stream stream)
    {
        using DisposeScope scope = NewDisposeScope();
        Safetensors.Write(stream, Module.state_dict());
    }

    public void WriteWeights(string path)
    {
        using DisposeScope scope = NewDisposeScope();
        Safetensors.WriteFile(path, Module.state_dict());
    }

    public void ReadWeights(SafetensorsContent weights)
    {
        using DisposeScope scope = NewDisposeScope();
        weights.CopyTo(Module.state_dict());
    }
}

/// <summary>A trained network of one kind, with its description.</summary>
internal sealed class TrainedModel<TDescription, TNetwork>(TDescription description, TNetwork network, Device device)
    : TrainedModel(network, device)
    where TDescription : INetworkDescription<TNetwork>
    where TNetwork : nn.Module
{
    public TDescription Description { get; } = description;

    public TNetwork Network => (TNetwork)Module;

    /// <summary>Creates the network of a model file on the device that the environment selects.</summary>
    public static TrainedModel<TDescription, TNetwork> Load(
        IHostEnvironment environment, TDescription description, SafetensorsContent weights)
    {
        // In the caller's inference mode, the network would be of tensors that cannot be changed outside of it.
        using IDisposable? normalMode = is_inference_mode_enabled() ? inference_mode(false) : null;
        Device device = DeviceChoice.For(environment);
        var model = new TrainedModel<TDescription, TNetwork>(description, description.CreateNetwork(seed: 0), CPU);
        try
        {
            model.ReadWeights(weights);
            model.Network.to(device);
            model.Device = device;
            return model;
        }
        catch
        {
            model.Release();
            throw;
        }
    }
}

/// <summary>Selects the device of a network by MLContext.GpuDeviceId and MLContext.FallbackToCpu, as ML.NET's own components do.</summary>
internal static class DeviceChoice
{
    /// <exception cref="DllNotFoundException">libtorch is missing or does not load; the message says what to do.</exception>
    public static Device For(IHostEnvironment environment)
    {
        NativeTorch.Require();
        return Choose(environment);
    }

    static Device Choose(IHostEnvironment environment)
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
                $"{found}. Reference TorchSharp-cuda-windows or TorchSharp-cuda-linux instead of libtorch-cpu-* or TorchSharp-cpu, "
                + "set GpuDeviceId to null, or set MLContext.FallbackToCpu to true.");
        }
        using IChannel channel = environment.Start("VqVae");
        channel.Warning(MessageSensitivity.None, $"{found}; the CPU is used.");
        return CPU;
    }
}
