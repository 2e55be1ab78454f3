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
    readonly int taps;

    /// <param name="shape">The sizes.</param>
    /// <param name="layer">The number of the layer. The last layer has no residual part.</param>
    /// <param name="source">The source of the weights.</param>
    public GatedLayer(GatedStackShape shape, int layer, WeightSource source) : base(nameof(GatedLayer))
    {
        dilation = shape.Dilation(layer);
        taps = shape.KernelSize;
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

    /// <summary>[B·T, C] → [B·T, C] for the next layer; this layer's part is added to the skip sum [B·T, S].</summary>
    public (Tensor Next, Tensor SkipSum) Apply(Tensor input, Tensor skipSum, StackConditions given, long batch)
    {
        using DisposeScope scope = NewDisposeScope();
        long channels = input.shape[1];
        long length = input.shape[0] / batch;
        var inputs = new List<Tensor> { input };
        for (int tap = 1; tap < taps && tap * dilation < length; tap++)
        {
            long shift = (long)tap * dilation;
            Tensor past = input.view(batch, length, channels).narrow(1, 0, length - shift);
            Tensor before = zeros(batch, shift, channels, dtype: input.dtype, device: input.device);
            inputs.Add(cat([before, past], 1).view(-1, channels));
        }
        (Tensor? next, Tensor? sum) = Pass(input, Unit(inputs, filter.Offset(given), gate.Offset(given)), skipSum);
        return (next.MoveToOuterDisposeScope(), sum);
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

    /// <summary>The gated unit: z = tanh(filter) ⊙ σ(gate), [N, C].</summary>
    /// <param name="inputs">The inputs at the present and before, [N, C] each, the present first.</param>
    /// <param name="filterOffset">The result of <see cref="CausalConvolution.Offset"/> of the filter.</param>
    /// <param name="gateOffset">The same for the gate.</param>
    public Tensor Unit(IReadOnlyList<Tensor> inputs, Tensor filterOffset, Tensor gateOffset)
    {
        using DisposeScope scope = NewDisposeScope();
        return filter.Apply(inputs, filterOffset).tanh_().mul(gate.Apply(inputs, gateOffset).sigmoid_()).view(inputs[0].shape)
            .MoveToOuterDisposeScope();
    }

    /// <summary>Adds the projections of the unit's output z to the input and, in place, to the skip sum.</summary>
    public (Tensor Next, Tensor SkipSum) Pass(Tensor input, Tensor z, Tensor skipSum)
    {
        using DisposeScope scope = NewDisposeScope();
        // The same object, which stays in the scope that it was made in.
        skipSum.AddProduct_(z, skip.t());
        Tensor next = residual is null ? z.alias() : residual.Apply(z).Add_(input);
        return (next.MoveToOuterDisposeScope(), skipSum);
    }
}

/// <summary>
/// W * x + V·conditioning + U·class + b, one half of a gated unit: * is a dilated convolution that sees the present and the past.
/// </summary>
/// <remarks>
/// Everything is [B, T, channels]: a tap of the convolution is then one matrix product over all positions of a batch. Weights:
/// <c>weight</c> [outputs, inputs, taps], the last tap being the present, as in PyTorch's Conv1d; <c>bias</c> [outputs]; <c>classes</c>
/// [classes, outputs] and <c>conditioning</c> [outputs, conditioning channels], where there are any.
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

    /// <param name="inputs">The inputs at the present and before, [B·T, C] each, the present first; those that lie before the start of all
    /// sequences are left out.</param>
    /// <param name="offset">The result of <see cref="Offset"/>.</param>
    /// <returns>[B, F, T / F, C], or [B·T, C] without conditions.</returns>
    public Tensor Apply(IReadOnlyList<Tensor> inputs, Tensor offset)
    {
        using DisposeScope scope = NewDisposeScope();
        // A bias that is the same everywhere goes into the product; any other is added to it.
        bool uniform = offset.Dimensions == 1;
        Tensor sum = uniform ? inputs[0].Product(Tap(0), offset) : inputs[0].Product(Tap(0));
        for (int tap = 1; tap < inputs.Count; tap++)
            sum = sum.AddProduct_(inputs[tap], Tap(tap));
        if (!uniform)
            sum = sum.view(offset.shape[0], offset.shape[1], -1, sum.shape[1]).Add(offset.As(sum));
        return sum.MoveToOuterDisposeScope();
    }

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

    /// <summary>The weights of the tap that lies <paramref name="back"/> dilations before the present, [inputs, outputs].</summary>
    Tensor Tap(int back) => weight.select(2, weight.shape[2] - 1 - back).t();
}

/// <summary>The conditions of a batch of sequences.</summary>
/// <param name="Classes">Int64 [B], or <see langword="null"/>.</param>
/// <param name="Frames">[B, F, channels], each for T / F positions, or <see langword="null"/>.</param>
internal readonly record struct StackConditions(Tensor? Classes, Tensor? Frames)
{
    /// <summary>The same for some of the sequences.</summary>
    public StackConditions Narrow(int first, int count) => new(Classes?.narrow(0, first, count), Frames?.narrow(0, first, count));
}
