using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Layers;

/// <summary>A square two-dimensional convolution with bias.</summary>
internal sealed class Convolution2d : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly Parameter bias;
    readonly long[] strides;
    readonly long[] padding;

    public Convolution2d(int inputs, int outputs, int size, int stride, int padding, WeightSource source) : base(nameof(Convolution2d))
    {
        var fanIn = (long)inputs * size * size;
        weight = source.Draw(fanIn, outputs, inputs, size, size);
        bias = source.Draw(fanIn, outputs);
        strides = [stride, stride];
        this.padding = [padding, padding];
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.conv2d(input, weight, bias, strides, padding);
}
