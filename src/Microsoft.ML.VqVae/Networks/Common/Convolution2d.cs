using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A two-dimensional convolution with bias.</summary>
internal sealed class Convolution2d : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly Parameter bias;
    readonly long[] strides;
    readonly long[] padding;

    /// <summary>A square window.</summary>
    public Convolution2d(int inputs, int outputs, int size, int stride, int padding, WeightSource source)
        : this(inputs, outputs, (size, size), stride, (padding, padding), source)
    {
    }

    /// <summary>A window of so many rows and columns.</summary>
    public Convolution2d(
        int inputs, int outputs, (int Rows, int Columns) window, int stride, (int Rows, int Columns) padding, WeightSource source)
        : base(nameof(Convolution2d))
    {
        var fanIn = (long)inputs * window.Rows * window.Columns;
        weight = source.Draw(fanIn, outputs, inputs, window.Rows, window.Columns);
        bias = source.Draw(fanIn, outputs);
        strides = [stride, stride];
        this.padding = [padding.Rows, padding.Columns];
        RegisterComponents();
    }

    public Parameter Weight => weight;

    public Parameter Bias => bias;

    public override Tensor forward(Tensor input) => functional.conv2d(input, weight, bias, strides, padding);
}
