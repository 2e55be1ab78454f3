using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// One layer of a <see cref="GatedStack"/>: z = tanh(filter * x) ⊙ σ(gate * x); x + residual(z) goes on to the next layer, skip(z) to the
/// sum over all layers. Section 2.3 of arXiv 1609.03499.
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
    /// <param name="layer">The number of the layer. Nothing comes after the last one: it has no residual part.</param>
    /// <param name="source">Where the first weights come from.</param>
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
        using var scope = NewDisposeScope();
        var channels = input.shape[1];
        var length = input.shape[0] / batch;
        var inputs = new List<Tensor> { input };
        for (var tap = 1; tap < taps && tap * dilation < length; tap++)
        {
            var shift = (long)tap * dilation;
            var past = input.view(batch, length, channels).narrow(1, 0, length - shift);
            var before = zeros(batch, shift, channels, dtype: input.dtype, device: input.device);
            inputs.Add(cat([before, past], 1).view(-1, channels));
        }
        var (next, sum) = Pass(input, Unit(inputs, filter.Offset(given), gate.Offset(given)), skipSum);
        return (next.MoveToOuterDisposeScope(), sum);
    }

    /// <summary>The gated unit: z = tanh(filter) ⊙ σ(gate), [N, C].</summary>
    /// <param name="inputs">The inputs at the present and before, [N, C] each, the present first.</param>
    /// <param name="filterOffset">What conditions the filter, see <see cref="CausalConvolution.Offset"/>.</param>
    /// <param name="gateOffset">The same for the gate.</param>
    public Tensor Unit(IReadOnlyList<Tensor> inputs, Tensor filterOffset, Tensor gateOffset)
    {
        using var scope = NewDisposeScope();
        return filter.Apply(inputs, filterOffset).tanh_().mul(gate.Apply(inputs, gateOffset).sigmoid_()).view(inputs[0].shape)
            .MoveToOuterDisposeScope();
    }

    /// <summary>What the unit's output z adds to the input and, in place, to the skip sum.</summary>
    public (Tensor Next, Tensor SkipSum) Pass(Tensor input, Tensor z, Tensor skipSum)
    {
        using var scope = NewDisposeScope();
        // The same object, which stays in the scope that it was made in.
        skipSum.addmm_(z, skip.t());
        var next = residual is null ? z.alias() : residual.call(z).add_(input);
        return (next.MoveToOuterDisposeScope(), skipSum);
    }
}
