using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// One layer of a <see cref="GatedStack"/>: z = tanh(filter * x) ⊙ σ(gate * x); x + residual(z) is the input of the next layer; skip(z) is
/// added to the sum over all layers. Section 2.3 of arXiv 1609.03499.
/// </summary>
internal sealed class GatedLayer : nn.Module
{
    readonly CausalConvolution filter;
    readonly CausalConvolution gate;
    readonly Linear? residual;
    readonly Parameter skip;
    readonly int dilation;

    /// <param name="shape">The sizes.</param>
    /// <param name="layer">The number of the layer. The last layer has no residual part.</param>
    /// <param name="source">The source of the weights.</param>
    public GatedLayer(GatedStackShape shape, int layer, WeightSource source) : base(nameof(GatedLayer))
    {
        dilation = shape.Dilation(layer);
        filter = new CausalConvolution(shape, source);
        gate = new CausalConvolution(shape, source);
        if (layer < shape.Layers - 1)
            residual = source.Linear(shape.Channels, shape.Channels);
        // One bias of the sum serves all layers.
        skip = source.Draw(shape.Channels, shape.SkipChannels, shape.Channels);
        RegisterComponents();
    }

    public CausalConvolution Filter => filter;

    public CausalConvolution Gate => gate;

    public Linear? Residual => residual;

    public Parameter Skip => skip;

    public int Dilation => dilation;

    /// <summary>[B, T, C] → the gated unit z, [B·T, C].</summary>
    public Tensor Unit(Tensor input, StackConditions given)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor offset = Offset(given);
        // A bias that is the same everywhere goes into the convolution; any other is added to it.
        bool isUniform = offset.Dimensions == 1;
        Tensor sums = input.ConvolveCausally(Kernel(), isUniform ? offset : null, dilation);
        if (!isUniform)
            sums = sums.view(offset.shape[0], offset.shape[1], -1, offset.shape[3]).Add(offset.As(sums));
        return GatedUnit.Of(sums.view(-1, sums.shape[^1])).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, where channels follow the batch: [B, C, T] → [B, C, T], and the skip sum [B, S, T].</summary>
    /// <param name="input">The output of the layer before.</param>
    /// <param name="skipSum">The skip sum so far; null before the first layer.</param>
    /// <param name="classes">Int64 [B], or null.</param>
    public (OnnxValue Next, OnnxValue SkipSum) ToOnnx(OnnxValue input, OnnxValue? skipSum, OnnxValue? classes)
    {
        OnnxValue z = filter.ToOnnx(input, dilation, classes).Tanh() * gate.ToOnnx(input, dilation, classes).Sigmoid(), own = z.Mix(skip);
        return (residual is null ? z : z.Mix(residual.weight!, residual.bias) + input, skipSum is null ? own : skipSum + own);
    }

    /// <summary>The kernel of filter and gate, which see the same inputs: [2C, C, taps], the last tap being the present.</summary>
    public Tensor Kernel() => cat([filter.Weight, gate.Weight], 0);

    /// <summary>Biases and conditions, which are added to the sums of filter and gate: [2C], or [B, F, 1, 2C] with conditions.</summary>
    public Tensor Offset(StackConditions given) => cat([filter.Offset(given), gate.Offset(given)], -1);
}

/// <summary>
/// W * x + V·conditioning + U·class + b, one half of a gated unit: * is a dilated convolution that sees the present and the past.
/// </summary>
/// <remarks>
/// Weights: <c>weight</c> [outputs, inputs, taps], the last tap being the present, as in PyTorch's Conv1d; <c>bias</c> [outputs];
/// <c>classes</c> [classes, outputs] and <c>conditioning</c> [outputs, conditioning channels], where there are any.
/// </remarks>
internal sealed class CausalConvolution : nn.Module
{
    readonly Parameter weight;
    readonly Parameter bias;
    readonly Parameter? classes;
    readonly Parameter? conditioning;

    public CausalConvolution(GatedStackShape shape, WeightSource source) : base(nameof(CausalConvolution))
    {
        long fanIn = (long)shape.Channels * shape.KernelSize;
        weight = source.Draw(fanIn, shape.Channels, shape.Channels, shape.KernelSize);
        bias = source.Draw(fanIn, shape.Channels);
        if (shape.Classes > 0)
            classes = source.Draw(fanIn, shape.Classes, shape.Channels);
        if (shape.ConditioningChannels > 0)
            conditioning = source.Draw(shape.ConditioningChannels, shape.Channels, shape.ConditioningChannels);
        RegisterComponents();
    }

    public Parameter Weight => weight;

    public Parameter? Conditioning => conditioning;

    /// <summary>W * x + U·class + b in an ONNX graph: [B, C, T] → [B, C, T].</summary>
    public OnnxValue ToOnnx(OnnxValue input, int dilation, OnnxValue? chosen)
    {
        OnnxValue sum = input.ThroughCausal(weight, bias, dilation);
        return chosen is null ? sum : sum + chosen.RowsOf(classes!).SplitLast(-1, 1);
    }

    /// <summary>b + U·class + V·conditioning: [C], or [B, F, 1, C] with conditions.</summary>
    public Tensor Offset(StackConditions given)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor offset = bias.view(-1);
        if (given.Classes is { } chosen)
            offset = classes!.index_select(0, chosen).Add(offset).view(chosen.shape[0], 1, 1, -1);
        if (given.Frames is { } frames)
            offset = frames.Product(conditioning!.t()).unsqueeze(2).Add(offset);
        return offset.MoveToOuterDisposeScope();
    }
}

/// <summary>The conditions of a batch of sequences.</summary>
/// <param name="Classes">Int64 [B], or <see langword="null"/>.</param>
/// <param name="Frames">[B, F, channels], each for T / F positions, or <see langword="null"/>.</param>
internal readonly record struct StackConditions(Tensor? Classes, Tensor? Frames)
{
    /// <summary>The same for some of the sequences.</summary>
    public StackConditions Narrow(int first, int count) => new(Classes?.narrow(0, first, count), Frames?.narrow(0, first, count));
}
