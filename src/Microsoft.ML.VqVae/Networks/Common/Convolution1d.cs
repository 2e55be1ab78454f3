using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A one-dimensional convolution with bias, over [B, C, T].</summary>
internal sealed class Convolution1d : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly Parameter bias;
    readonly int stride;
    readonly int padding;
    readonly int dilation;

    public Convolution1d(
        int inputs, int outputs, int size, int stride, int padding, WeightSource source, int dilation = 1, bool betweenRectifiers = false)
        : base(nameof(Convolution1d))
    {
        (this.stride, this.padding, this.dilation) = (stride, padding, dilation);
        var fanIn = (long)inputs * size;
        weight = betweenRectifiers
            ? source.DrawBetweenRectifiers(fanIn, outputs, inputs, size)
            : source.Draw(fanIn, outputs, inputs, size);
        bias = source.Draw(fanIn, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.conv1d(input, weight, bias, stride, padding, dilation);
}
