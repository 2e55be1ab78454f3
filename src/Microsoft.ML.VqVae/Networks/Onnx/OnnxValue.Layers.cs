using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// TorchSharp's layers, whose weights become constants of the graph.
internal sealed partial class OnnxValue
{
    /// <summary>A two-dimensional convolution.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="pads">The numbers of zeros above, to the left, below and to the right; none for the layer's own padding.</param>
    public OnnxValue Through(Conv2d layer, params long[] pads) => Convolve(
        "Conv", layer.weight, layer.bias, layer.stride, pads.Length > 0 ? pads : Both(layer.padding), layer.dilation, layer.groups);

    /// <summary>A one-dimensional convolution.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="pads">The numbers of zeros before and behind; none for the layer's own padding.</param>
    public OnnxValue Through(Conv1d layer, params long[] pads) => Convolve(
        "Conv", layer.weight, layer.bias, layer.stride, pads.Length > 0 ? pads : Both(layer.padding), layer.dilation, layer.groups);

    /// <summary>A one-dimensional convolution of which each output sees its own position and earlier ones: [B, I, T] → [B, O, T].</summary>
    /// <param name="weight">[O, I, taps]; the last tap is the own position.</param>
    /// <param name="bias">[O].</param>
    /// <param name="dilation">The number of positions from one tap to the next.</param>
    public OnnxValue ThroughCausal(Tensor weight, Tensor bias, long dilation) =>
        Convolve("Conv", weight, bias, [1], [(weight.shape[2] - 1) * dilation, 0], [dilation], groups: 1);

    /// <summary>A two-dimensional convolution with a kernel of its own.</summary>
    /// <param name="kernel">[O, I, rows, columns].</param>
    /// <param name="bias">[O].</param>
    /// <param name="stride">The stride of both axes.</param>
    /// <param name="padding">The number of zeros on each side.</param>
    public OnnxValue Convolve(Tensor kernel, Tensor bias, long stride, long padding) =>
        Convolve("Conv", kernel, bias, [stride, stride], [padding, padding, padding, padding], [1, 1], groups: 1);

    /// <summary>A two-dimensional transposed convolution.</summary>
    public OnnxValue Through(ConvTranspose2d layer) =>
        Convolve("ConvTranspose", layer.weight, layer.bias, layer.stride, Both(layer.padding), layer.dilation, layer.groups);

    /// <summary>A one-dimensional transposed convolution.</summary>
    public OnnxValue Through(ConvTranspose1d layer) =>
        Convolve("ConvTranspose", layer.weight, layer.bias, layer.stride, Both(layer.padding), layer.dilation, layer.groups);

    /// <summary>A fully connected layer along the last axis.</summary>
    public OnnxValue Through(Linear layer)
    {
        using DisposeScope scope = NewDisposeScope();
        OnnxValue product = MatMul(layer.weight!.t());
        return layer.bias is Parameter bias ? product + bias : product;
    }

    /// <summary>Layer normalization along the last axis.</summary>
    public OnnxValue Through(LayerNorm layer)
    {
        OnnxValue centered = this - Mean(rank - 1).SplitLast(-1, 1);
        OnnxValue deviations = (centered.Square().Mean(rank - 1) + layer.eps).Sqrt().SplitLast(-1, 1);
        return centered / deviations * layer.weight! + layer.bias!;
    }

    /// <summary>The product of a matrix [window, O] with each window of a signal: [B, samples] → [B, O, windows].</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="stride">The number of samples from one window to the next.</param>
    /// <param name="before">The number of zeros before the signal.</param>
    /// <param name="after">The number of zeros behind it.</param>
    public OnnxValue Windows(Tensor matrix, long stride, long before, long after)
    {
        using DisposeScope scope = NewDisposeScope();
        return SplitLast(1, -1).Convolve("Conv", matrix.t().unsqueeze(1), null, [stride], [before, after], [1], groups: 1);
    }

    /// <summary>A matrix [O, I] applied to the channels at each position: [B, I, …] → [B, O, …].</summary>
    public OnnxValue Mix(Tensor matrix, Tensor? bias = null)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] ones = [.. Enumerable.Repeat(1L, rank - 2)];
        return Convolve("Conv", matrix.reshape([.. matrix.shape, .. ones]), bias, ones, [.. Both(ones).Select(_ => 0L)], ones, groups: 1);
    }

    OnnxValue Convolve(
        string operation, Tensor? weight, Tensor? bias, IEnumerable<long> strides, IEnumerable<long> pads, IEnumerable<long> dilations,
        long groups)
    {
        OnnxValue[] operands = bias is null
            ? [this, graph.Constant(weight!)] : [this, graph.Constant(weight!), graph.Constant(bias)];
        return graph.Apply(operation, type, rank, operands,
            ("strides", strides.ToArray()), ("pads", pads.ToArray()), ("dilations", dilations.ToArray()), ("group", groups));
    }

    static IEnumerable<long> Both(IReadOnlyCollection<long>? padding) => [.. padding ?? [], .. padding ?? []];
}
