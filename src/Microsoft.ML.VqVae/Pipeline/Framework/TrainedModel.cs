using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// A trained network that several transformers share, an encoder and its decoders for example. It only reads its weights, so that any
/// number of threads may run it; the last of those who hold it frees it.
/// </summary>
internal abstract class TrainedModel
{
    readonly nn.Module _module;
    readonly Lock _lock = new();
    int _holders = 1;

    /// <summary>Takes over a network, which stays on the device it is on.</summary>
    private protected TrainedModel(nn.Module network, Device device)
    {
        (_module, Device) = (network, device);
        network.eval();
    }

    public Device Device { get; private set; }

    /// <summary>The network, for as long as somebody holds it.</summary>
    protected nn.Module Module => _holders > 0 ? _module : throw new ObjectDisposedException(
        "transformer",
        "The transformer was disposed, and its network with it. A PredictionEngine disposes its transformer too, unless it is made with "
        + "PredictionEngineOptions.OwnsTransformer = false.");

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

    /// <summary>Fills a network that was just built with the weights of a model file, and moves it to a device. What fails frees
    /// it.</summary>
    public void Restore(SafetensorsContent weights, Device device)
    {
        try
        {
            ReadWeights(weights);
            Module.to(device);
            Device = device;
        }
        catch
        {
            Release();
            throw;
        }
    }
}

/// <summary>A trained network of one kind, with what it is rebuilt from.</summary>
internal abstract class TrainedModel<TDescription, TNetwork>(TDescription description, TNetwork network, Device device)
    : TrainedModel(network, device)
    where TNetwork : nn.Module
{
    public TDescription Description { get; } = description;

    public TNetwork Network => (TNetwork)Module;
}
