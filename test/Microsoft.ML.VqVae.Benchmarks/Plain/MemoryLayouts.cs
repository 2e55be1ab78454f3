using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>Conversion of tensors and networks to a memory layout.</summary>
/// <remarks>TorchSharp 0.107 defines <c>memory_format.channels_last</c>, but neither <c>contiguous</c> nor <c>to</c> takes it; permuting
/// around <c>contiguous</c> gives the same strides.</remarks>
internal static class MemoryLayouts
{
    /// <summary>The same values in this layout; tensors without four axes are made contiguous.</summary>
    public static Tensor In(this Tensor tensor, MemoryLayout layout) => layout == MemoryLayout.ChannelsLast && tensor.Dimensions == 4
        ? tensor.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
        : tensor.contiguous();

    /// <summary>Puts the weights of all two-dimensional convolutions into this layout. An optimizer must be made afterwards.</summary>
    public static void To(this nn.Module network, MemoryLayout layout)
    {
        if (layout == MemoryLayout.Contiguous)
            return;
        using DisposeScope scope = NewDisposeScope();
        foreach (nn.Module module in network.modules())
        {
            if (module is Convolution { weight: { Dimensions: 4 } weight } convolution)
                {
                var converted = new Parameter(weight.detach().In(layout));
                converted.DetachFromDisposeScope();
                convolution.weight = converted;
            }
        }
    }
}
