using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>Convolutions over time: <c>Conv1d</c> over [B, C, T], or <c>Conv2d</c> over [B, C, 1, T], which has a channels-last
/// layout.</summary>
internal static class TimeConvolution
{
    public static nn.Module<Tensor, Tensor> Create(
        MemoryLayout layout, int inputs, int outputs, int size, int stride = 1, int padding = 0, int dilation = 1, bool bias = true) =>
        layout == MemoryLayout.Contiguous
            ? Conv1d(inputs, outputs, size, stride, padding, dilation, bias: bias)
            : Conv2d(inputs, outputs, (1, size), (1, stride), (0, padding), (1, dilation), bias: bias);

    /// <summary>[B, C, T] as the convolutions of this layout take it.</summary>
    public static Tensor WithAxes(Tensor sequence, MemoryLayout layout) =>
        layout == MemoryLayout.Contiguous ? sequence : sequence.unsqueeze(2).In(layout);

    /// <summary>[B, C, T] of what the convolutions of this layout give.</summary>
    public static Tensor WithoutAxes(Tensor sequence, MemoryLayout layout) =>
        layout == MemoryLayout.Contiguous ? sequence : sequence.squeeze(2);
}
