using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The order of axes in memory.</summary>
internal static class ImageLayout
{
    /// <summary>The same images [B, C, H, W] with channels as the innermost axis in memory: CPU convolutions need not reorder such inputs,
    /// and their outputs keep the order.</summary>
    public static Tensor ChannelsInnermost(this Tensor images) => images.shape[1] == 1
        // A single channel lies where it did, but libtorch tells the order by the strides: that of the channel must be 1.
        ? images.select(1, 0).contiguous().unsqueeze(3).permute(0, 3, 1, 2)
        : images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
