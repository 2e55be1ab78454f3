using Microsoft.ML.VqVae.Benchmarks.Plain;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Limits;

/// <summary>Records the layers that a forward pass goes through, by hooks.</summary>
internal static class LayerCounter
{
    public static IReadOnlyList<LayerWork> Count(nn.Module network, Action forward)
    {
        var layers = new List<LayerWork>();
        var hooks = new List<Action>();
        foreach (nn.Module module in network.modules())
        {
            switch (module)
            {
                case Convolution convolution:
                    hooks.Add(convolution.register_forward_hook((_, input, output) =>
                    {
                        layers.Add(Of(convolution, input, output));
                        return output;
                    }).remove);
                    break;
                case PlainNearestCode nearest:
                    hooks.Add(nearest.register_forward_hook((_, input, output) =>
                    {
                        layers.Add(new LayerWork(LayerKind.NearestCode, input.shape, nearest.Codebook.shape, [], [], [], input.shape[0]));
                        return output;
                    }).remove);
                    break;
            }
        }
        forward();
        foreach (Action remove in hooks)
            remove();
        return layers;
    }

    static LayerWork Of(Convolution convolution, Tensor input, Tensor output)
    {
        LayerKind kind = convolution.transposed ? LayerKind.TransposedConvolution
            : input.Dimensions == 3 ? LayerKind.Convolution1d
            : LayerKind.Convolution2d;
        // The padding is null only where it is given as a word, such as "same", which no plain network does.
        // A transposed convolution multiplies its weight with every input position, others with every output position.
        Tensor counted = convolution.transposed ? input : output;
        return new LayerWork(
            kind, input.shape, convolution.weight.shape, convolution.stride, convolution.padding!, convolution.dilation,
            counted.numel() / counted.shape[1]);
    }
}
