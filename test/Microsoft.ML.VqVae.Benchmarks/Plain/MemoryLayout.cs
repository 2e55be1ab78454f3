namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The order of axes in memory of activations and convolution weights.</summary>
public enum MemoryLayout
{
    /// <summary>As TorchSharp makes tensors: the last axis is innermost.</summary>
    Contiguous,

    /// <summary>torch.channels_last: channels are innermost. Sequences become images of one row.</summary>
    ChannelsLast,
}
