using Microsoft.ML.VqVae.Quantization;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Codecs;

/// <summary>Draws the first weights of one model after another from one seed, and nothing from torch's global generator.</summary>
internal sealed class WeightSource(int seed) : IDisposable
{
    // Away from the streams that the quantizer with the same seed uses.
    private readonly Generator generator = SeededRandom.CreateGenerator(seed, long.MaxValue);

    /// <summary>PyTorch's default for convolutions: uniform in ±1/√fan-in, for weights and biases alike.</summary>
    public Parameter Draw(long fanIn, params long[] shape)
    {
        using var scope = NewDisposeScope();
        var bound = 1 / Math.Sqrt(fanIn);
        return new Parameter(zeros(shape, dtype: ScalarType.Float32).uniform_(-bound, bound, generator)).DetachFromDisposeScope() as Parameter
            ?? throw new InvalidOperationException("A parameter did not stay one.");
    }

    public void Dispose() => generator.Dispose();
}

/// <summary>A square two-dimensional convolution with bias.</summary>
internal sealed class Convolution2d : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly long[] strides;
    private readonly long[] padding;

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

/// <summary>
/// A transposed 4×4 convolution of stride 2 and padding 1: doubles height and width. The weight is in the order of PyTorch's ConvTranspose2d,
/// [inputs, outputs, 4, 4].
/// </summary>
/// <remarks>
/// Each of the four pixels that an input pixel becomes sees 2×2 of the 3×3 inputs around it, so the same numbers come from one 3×3 convolution with
/// four times the outputs, whose channels are then laid out as pixels. CPUs run it that way where it is measured to be faster.
/// </remarks>
internal sealed class Upsampling2d : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly int inputs;
    private readonly int outputs;

    public Upsampling2d(int inputs, int outputs, WeightSource source) : base(nameof(Upsampling2d))
    {
        this.inputs = inputs;
        this.outputs = outputs;
        // PyTorch counts the fan-in of a transposed convolution on its outputs.
        var fanIn = (long)outputs * 4 * 4;
        weight = source.Draw(fanIn, inputs, outputs, 4, 4);
        bias = source.Draw(fanIn, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        input.device_type == DeviceType.CPU ? Shuffled(input) : Transposed(input);

    internal Tensor Transposed(Tensor input) => functional.conv_transpose2d(input, weight, bias, [2, 2], [1, 1]);

    internal Tensor Shuffled(Tensor input)
    {
        // Output row 2i + r takes input row i + d with kernel row r + 1 − 2d, for d in −1, 0, 1; rows outside the kernel are zeros. Padded by
        // one, that row is r + 2 − 2d = 2(1 − d) + r: axis "1 − d" counts 3 steps of 2, axis r the rest.
        using var scope = NewDisposeScope();
        var kernel = functional.pad(weight, [1, 1, 1, 1]).view(inputs, outputs, 3, 2, 3, 2).flip(2, 4)
            .permute(1, 3, 5, 0, 2, 4).reshape(outputs * 4L, inputs, 3, 3);
        var repeatedBias = bias.unsqueeze(1).expand(outputs, 4).reshape(outputs * 4L);
        return functional.pixel_shuffle(functional.conv2d(input, kernel, repeatedBias, [1, 1], [1, 1]), 2).MoveToOuterDisposeScope();
    }
}

/// <summary>x + 1×1(ReLU(3×3(ReLU(x)))), the residual block of section 4.1 of the paper.</summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor>
{
    private readonly Convolution2d wide;
    private readonly Convolution2d narrow;

    public ResidualBlock(int channels, int hidden, WeightSource source) : base(nameof(ResidualBlock))
    {
        wide = new Convolution2d(channels, hidden, 3, 1, 1, source);
        narrow = new Convolution2d(hidden, channels, 1, 1, 0, source);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        // The first ReLU leaves its input as it is, for the sum; the second may overwrite what the convolution gave.
        return narrow.call(wide.call(functional.relu(input)).relu_()).add_(input).MoveToOuterDisposeScope();
    }
}
