using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A trained codec of images, which an encoder and its decoders share.</summary>
internal sealed class ImageModel(ImageModelDescription description, ImageVqVae network, Device device)
    : TrainedModel<ImageModelDescription, ImageVqVae>(description, network, device)
{
    long _encoderRuns;
    long _decoderRuns;

    public (int Height, int Width, int CodesPerPosition) CodeGrid => Network.CodeGrid;

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

    /// <summary>What the decoder says of the pixels, for <see cref="ImageAutoencoder{T}.ImagesOf"/> and
    /// <see cref="ImageAutoencoder{T}.BitsOf"/>.</summary>
    public Tensor DecodeParameters(Tensor quantized)
    {
        Interlocked.Increment(ref _decoderRuns);
        return Network.DecodeParameters(quantized);
    }

    public Tensor Embed(Tensor indices) => Network.Quantizer.Embed(indices);

    /// <summary>Builds the network of a saved model on the device that the environment asks for.</summary>
    public static ImageModel Load(IHostEnvironment environment, ImageModelDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        var model = new ImageModel(description, new ImageVqVae(description.Codec, description.Quantizer, seed: 0), CPU);
        model.Restore(weights, device);
        return model;
    }
}
