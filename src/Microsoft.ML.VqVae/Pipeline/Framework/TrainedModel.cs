using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a network in a model file: all that is needed to recreate it, except its weights.</summary>
internal interface INetworkDescription : IDescription
{
    /// <summary>Number of rows that the network processes at once.</summary>
    int PredictionBatchSize { get; }
}

/// <inheritdoc/>
internal interface INetworkDescription<out TNetwork> : INetworkDescription
{
    TNetwork CreateNetwork(int seed);
}

/// <summary>
/// A transformer's share of a trained network, which several transformers use, such as an encoder and its decoders. Thread-safe: running
/// the network only reads its weights. The network is freed when its last share is disposed and the work is done that holds it.
/// </summary>
internal abstract class TrainedModel : IDisposable
{
    readonly SharedNetwork _shared;
    int _disposed;

    /// <summary>Takes ownership of a network, which stays on its device.</summary>
    private protected TrainedModel(nn.Module network, Device device)
    {
        network.eval();
        ParameterCount = network.parameters().Sum(parameter => parameter.numel());
        _shared = new SharedNetwork(network, device);
    }

    /// <summary>Another share of the same network.</summary>
    private protected TrainedModel(TrainedModel other)
    {
        other.Hold();
        (_shared, ParameterCount) = (other._shared, other.ParameterCount);
    }

    public long ParameterCount { get; }

    public Device Device => _shared.Device;

    /// <summary>The network, while it is held.</summary>
    protected nn.Module Module => _shared.IsHeld ? _shared.Module : throw Disposed();

    /// <summary>Keeps the network alive until the result is disposed: whatever reads its tensors holds it, as another thread may dispose
    /// the transformer at any moment.</summary>
    /// <exception cref="ObjectDisposedException">This share was disposed.</exception>
    public SharedNetwork.Holding Hold() =>
        Volatile.Read(ref _disposed) == 0 && _shared.TryHold() ? new SharedNetwork.Holding(_shared) : throw Disposed();

    public void WriteWeights(Stream stream)
    {
        using SharedNetwork.Holding holding = Hold();
        using DisposeScope scope = NewDisposeScope();
        Safetensors.Write(stream, Module.state_dict());
    }

    public void WriteWeights(string path)
    {
        using SharedNetwork.Holding holding = Hold();
        using DisposeScope scope = NewDisposeScope();
        Safetensors.WriteFile(path, Module.state_dict());
    }

    /// <summary>Appends the weights to a digest: of each tensor its name, type and shape, and its bytes, in the order of the names.</summary>
    public void AppendWeights(IncrementalHash digest)
    {
        using SharedNetwork.Holding holding = Hold();
        using DisposeScope scope = NewDisposeScope();
        foreach ((string name, Tensor weight) in Module.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            Tensor plain = weight.detach().cpu().contiguous();
            digest.AppendData(Encoding.UTF8.GetBytes($"{name} {plain.dtype} [{string.Join(", ", plain.shape)}]\n"));
            digest.AppendData(plain.bytes);
        }
    }

    public void ReadWeights(SafetensorsContent weights)
    {
        using SharedNetwork.Holding holding = Hold();
        using DisposeScope scope = NewDisposeScope();
        weights.CopyTo(Module.state_dict());
    }

    /// <summary>Moves the network to another device, before anybody uses it.</summary>
    private protected void MoveTo(Device device)
    {
        Module.to(device);
        _shared.Device = device;
    }

    /// <summary>Gives this share up.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _shared.Release();
    }

    static ObjectDisposedException Disposed() => new(
        "transformer",
        "The transformer was disposed, and its network with it. A PredictionEngine disposes its transformer too, unless it is created with "
        + "PredictionEngineOptions.OwnsTransformer = false.");
}

/// <summary>A network and the number of its holders: the shares that are not disposed, and the work that is under way.</summary>
internal sealed class SharedNetwork(nn.Module module, Device device)
{
    readonly Lock _lock = new();
    int _holders = 1;

    public nn.Module Module => module;

    public Device Device { get; set; } = device;

    public bool IsHeld => Volatile.Read(ref _holders) > 0;

    /// <summary>Adds a holder, unless the network has none any more and is freed.</summary>
    public bool TryHold()
    {
        lock (_lock)
        {
            if (_holders == 0)
                return false;
            _holders++;
            return true;
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            if (--_holders > 0)
                return;
        }
        module.Dispose();
    }

    /// <summary>Work that holds a network until it is disposed.</summary>
    internal readonly struct Holding(SharedNetwork network) : IDisposable
    {
        public void Dispose() => network.Release();
    }
}

/// <summary>A trained network of one kind, with its description.</summary>
internal sealed class TrainedModel<TDescription, TNetwork> : TrainedModel
    where TDescription : INetworkDescription<TNetwork>
    where TNetwork : nn.Module
{
    public TrainedModel(TDescription description, TNetwork network, Device device) : base(network, device) => Description = description;

    TrainedModel(TrainedModel<TDescription, TNetwork> other) : base(other) => Description = other.Description;

    public TDescription Description { get; }

    public TNetwork Network => (TNetwork)Module;

    /// <summary>The computation of output columns, see <see cref="BatchMapping{TModel, TPass}"/>.</summary>
    public BatchMapping<TrainedModel<TDescription, TNetwork>, TPass> Map<TPass>(
        ModelInput input, IReadOnlyList<ModelColumn<TrainedModel<TDescription, TNetwork>, TPass>> columns,
        Func<IReadOnlyList<Tensor>, TPass> begin, bool needsRowsInOrder = false, long maxValues = BatchRunner.DefaultMaxValues) =>
        new(this, Description.PredictionBatchSize, input, columns, begin, needsRowsInOrder, maxValues);

    /// <summary>Another share of the network, for another transformer, which still works when this one is disposed.</summary>
    /// <exception cref="ObjectDisposedException">This share was disposed.</exception>
    public TrainedModel<TDescription, TNetwork> Share() => new(this);

    /// <summary>Creates the network of a model file on the device that the environment selects.</summary>
    public static TrainedModel<TDescription, TNetwork> Load(
        IHostEnvironment environment, TDescription description, SafetensorsContent weights)
    {
        // In the caller's inference mode, the network would be of tensors that cannot be changed outside of it.
        using IDisposable? normalMode = is_inference_mode_enabled() ? inference_mode(false) : null;
        Device device = DeviceChoice.For(environment);
        var model = new TrainedModel<TDescription, TNetwork>(description, CreateNetwork(description, weights), CPU);
        try
        {
            model.ReadWeights(weights);
            model.MoveTo(device);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    static TNetwork CreateNetwork(TDescription description, SafetensorsContent weights)
    {
        using var limit = new WeightLimit(weights.Values, weights.Source);
        try
        {
            return description.CreateNetwork(seed: 0);
        }
        // Settings that are right one by one, but make no network together; numbers of layers that no array holds.
        catch (Exception exception)
            when (exception is ArgumentException or OverflowException or OutOfMemoryException or ExternalException)
        {
            throw new FormatException(
                $"The description of the network cannot be used ({exception.Message}): the model file is damaged. Save the model again.",
                exception);
        }
    }
}

/// <summary>Selects the device of a network by MLContext.GpuDeviceId and MLContext.FallbackToCpu, as ML.NET's own components do.</summary>
internal static class DeviceChoice
{
    /// <exception cref="DllNotFoundException">libtorch is missing or does not load; the message says what to do.</exception>
    /// <exception cref="PlatformNotSupportedException">libtorch would give wrong numbers on this machine; the message says what to
    /// set.</exception>
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
