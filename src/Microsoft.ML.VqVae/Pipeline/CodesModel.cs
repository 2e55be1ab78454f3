using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Codecs;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A trained codec of codes, which an encoder and its decoders share.</summary>
internal sealed class CodesModel(CodesModelDescription description, CodesVqVae network, Device device)
    : TrainedModel<CodesModelDescription, CodesVqVae>(description, network, device)
{
    /// <summary>Builds the network of a saved model on the device that the environment asks for.</summary>
    public static CodesModel Load(IHostEnvironment environment, CodesModelDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        var model = new CodesModel(description, new CodesVqVae(description.Codec, description.Quantizer, seed: 0), CPU);
        model.Restore(weights, device);
        return model;
    }
}
