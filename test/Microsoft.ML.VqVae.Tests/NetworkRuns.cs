using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests;

/// <summary>Counts the passes of a codec's encoder and decoder, by hooks on its modules.</summary>
internal sealed class NetworkRuns
{
    long _encoder, _decoder;

    /// <param name="network">The network.</param>
    /// <param name="encoder">The name of a module that runs once in each pass of the encoder.</param>
    /// <param name="decoder">The name of a module that runs once in each pass of the decoder.</param>
    public NetworkRuns(nn.Module network, string encoder = "encoder", string decoder = "decoder")
    {
        Hook(network, encoder, () => Interlocked.Increment(ref _encoder));
        Hook(network, decoder, () => Interlocked.Increment(ref _decoder));
    }

    public (long Encoder, long Decoder) Count => (Interlocked.Read(ref _encoder), Interlocked.Read(ref _decoder));

    static void Hook(nn.Module network, string name, Action ran)
    {
        var module = (nn.Module<Tensor, Tensor>)network.named_modules().Single(child => child.name == name).module;
        module.register_forward_pre_hook((_, input) =>
        {
            ran();
            return input;
        });
    }
}
