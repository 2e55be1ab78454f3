using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A trained prior over video.</summary>
internal sealed class VideoPriorModel(VideoPriorDescription description, VideoCodePrior network, Device device)
    : TrainedModel<VideoPriorDescription, VideoCodePrior>(description, network, device)
{
    /// <summary>Builds the network of a saved model on the device that the environment asks for.</summary>
    public static VideoPriorModel Load(IHostEnvironment environment, VideoPriorDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        var model = new VideoPriorModel(description, new VideoCodePrior(description.Network, seed: 0), CPU);
        model.Restore(weights, device);
        return model;
    }
}
