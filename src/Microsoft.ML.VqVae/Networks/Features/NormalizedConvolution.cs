using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A convolution without bias and batch normalization (Ioffe and Szegedy 2015, arXiv 1502.03167): [B, I, H, W] → [B, O, H', W'].
/// In training its outputs are normalized by their statistics in the batch, otherwise by moving averages of these.</summary>
internal sealed class NormalizedConvolution : nn.Module<Tensor, Tensor>
{
    const double Momentum = 0.1, Epsilon = 1e-5;

    readonly int _stride, _padding;
    readonly Parameter kernel, scale, shift;
    readonly Tensor mean, variance;

    public NormalizedConvolution(int inputs, int outputs, int size, int stride, WeightSource source) : base(nameof(NormalizedConvolution))
    {
        (_stride, _padding) = (stride, size / 2);
        kernel = source.Draw(fanIn: (long)inputs * size * size, outputs, inputs, size, size);
        WeightLimit.Take(outputs, 4);
        scale = new Parameter(ones(outputs, dtype: ScalarType.Float32));
        shift = new Parameter(zeros(outputs, dtype: ScalarType.Float32));
        mean = zeros(outputs, dtype: ScalarType.Float32);
        variance = ones(outputs, dtype: ScalarType.Float32);
        foreach (Tensor values in (Tensor[])[scale, shift, mean, variance])
            values.DetachFromDisposeScope();
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.batch_norm(
        input.Convolve(kernel, _padding, _stride), mean, variance, scale, shift, training, Momentum, Epsilon);

    /// <summary>The same with the moving averages in an ONNX graph: a convolution with bias.</summary>
    public OnnxValue ToOnnx(OnnxValue input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor factor = scale / variance.Add(Epsilon).sqrt();
        return input.Convolve(kernel * factor.view(-1, 1, 1, 1), shift - (mean * factor), _stride, _padding);
    }
}

/// <summary>ReLU(x + 3×3(ReLU(3×3(x)))), both convolutions normalized (He et al. 2015, arXiv 1512.03385).</summary>
internal sealed class NormalizedResidualBlock : nn.Module<Tensor, Tensor>
{
    readonly NormalizedConvolution first, second;

    public NormalizedResidualBlock(int channels, WeightSource source) : base(nameof(NormalizedResidualBlock))
    {
        first = new NormalizedConvolution(channels, channels, 3, 1, source);
        second = new NormalizedConvolution(channels, channels, 3, 1, source);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => second.call(first.call(input).relu_()).Add_(input).relu_();

    public OnnxValue ToOnnx(OnnxValue input) => (input + second.ToOnnx(first.ToOnnx(input).Relu())).Relu();
}
