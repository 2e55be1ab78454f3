using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Codecs;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// A trained network that an encoder and its decoders share. It only reads its weights, so that any number of threads may run it; the last
/// of those who hold it frees it.
/// </summary>
internal sealed class ImageModel
{
    readonly ImageVqVae _network;
    readonly Lock _lock = new();
    int _holders = 1;
    long _encoderRuns;
    long _decoderRuns;

    /// <summary>Takes over a network, which stays on the device it is on.</summary>
    public ImageModel(ImageModelDescription description, ImageVqVae network, Device device)
    {
        (Description, _network, Device) = (description, network, device);
        network.eval();
    }

    public ImageModelDescription Description { get; }

    public Device Device { get; }

    public (int Height, int Width, int CodesPerPosition) CodeGrid => Network.CodeGrid;

    /// <summary>The network, for as long as somebody holds it.</summary>
    public ImageVqVae Network => _holders > 0 ? _network : throw new ObjectDisposedException(
        nameof(VqVaeTransformer),
        "The transformer was disposed, and its network with it. A PredictionEngine disposes its transformer too, unless it is made with "
        + "PredictionEngineOptions.OwnsTransformer = false.");

    /// <summary>How many batches were encoded and decoded.</summary>
    public (long Encoder, long Decoder) Runs => (Interlocked.Read(ref _encoderRuns), Interlocked.Read(ref _decoderRuns));

    public Tensor Encode(Tensor pixels)
    {
        Interlocked.Increment(ref _encoderRuns);
        return Network.Encode(pixels);
    }

    public Tensor Decode(Tensor quantized)
    {
        Interlocked.Increment(ref _decoderRuns);
        return Network.Decode(quantized);
    }

    public Tensor Embed(Tensor indices) => Network.Quantizer.Embed(indices);

    public ImageModel Share()
    {
        lock (_lock)
        {
            _ = Network;
            _holders++;
            return this;
        }
    }

    public void Release()
    {
        lock (_lock)
        {
            if (--_holders == 0)
                _network.Dispose();
        }
    }

    public void WriteWeights(Stream stream)
    {
        using DisposeScope scope = NewDisposeScope();
        Safetensors.Write(stream, Network.state_dict());
    }

    public void WriteWeights(string path)
    {
        using DisposeScope scope = NewDisposeScope();
        Safetensors.WriteFile(path, Network.state_dict());
    }

    public void ReadWeights(SafetensorsContent weights)
    {
        using DisposeScope scope = NewDisposeScope();
        weights.CopyTo(Network.state_dict());
    }

    /// <summary>Builds the network of a saved model on the device that the environment asks for.</summary>
    public static ImageModel Load(IHostEnvironment environment, ImageModelDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        var network = new ImageVqVae(description.Codec, description.Quantizer, seed: 0);
        var model = new ImageModel(description, network, device);
        try
        {
            model.ReadWeights(weights);
            network.to(device);
            return model;
        }
        catch
        {
            model.Release();
            throw;
        }
    }
}
