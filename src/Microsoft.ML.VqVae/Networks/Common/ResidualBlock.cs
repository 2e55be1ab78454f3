using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>x + 1×1(ReLU(3×3(ReLU(x)))), the residual block of section 4.1 of the paper.</summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor>
{
    readonly Conv2d wide;
    readonly Conv2d narrow;

    public ResidualBlock(int channels, int hidden, WeightSource source) : base(nameof(ResidualBlock))
    {
        wide = source.Convolution2d(channels, hidden, 3, 1, 1);
        narrow = source.Convolution2d(hidden, channels, 1, 1, 0);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        // The first ReLU keeps its input for the sum; the second may work in place.
        return narrow.Apply(wide.Apply(functional.relu(input)).relu_()).Add_(input).MoveToOuterDisposeScope();
    }

    public OnnxValue ToOnnx(OnnxValue input) => input + input.Relu().Through(wide).Relu().Through(narrow);
}

/// <summary>x + 1(ReLU(3(ReLU(x)))) over [B, C, T]: the residual block of section 4.1 of the paper with one axis of
/// time. Dilated, it sees positions farther away.</summary>
internal sealed class ResidualBlock1d : nn.Module<Tensor, Tensor>
{
    readonly Conv1d wide;
    readonly Conv1d narrow;

    public ResidualBlock1d(int channels, int hidden, WeightSource source, int dilation = 1) : base(nameof(ResidualBlock1d))
    {
        wide = source.Convolution1d(channels, hidden, 3, 1, dilation, dilation);
        narrow = source.Convolution1d(hidden, channels, 1, 1, 0);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        // Not in place: outputs of convolutions over time are views, whose changes cost the backward pass copies.
        return narrow.Apply(functional.relu(wide.Apply(functional.relu(input)))).Add(input).MoveToOuterDisposeScope();
    }

    public OnnxValue ToOnnx(OnnxValue input) => input + input.Relu().Through(wide).Relu().Through(narrow);
}
