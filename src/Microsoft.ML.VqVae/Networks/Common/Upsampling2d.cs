using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A transposed 4×4 convolution of stride 2 and padding 1: doubles height and width. The weight is in the order of PyTorch's
/// ConvTranspose2d, [inputs, outputs, 4, 4].
/// </summary>
/// <remarks>
/// Each output pixel sees 2×2 inputs, and four outputs share them, so the same numbers come from one 2×2 convolution with four times the
/// outputs, whose channels are then laid out as pixels. CPUs run all but the widest layers that way, a compromise
/// between libtorch versions. Forward and backward took, against libtorch's own: 64 → 32 channels 0.5 times as long with libtorch 1.13,
/// which has no fast transposed convolution, and 1.2 times with 2.10; 128 → 3 channels 0.7 times with both; 96 → 48 about as long with
/// 1.13 and 1.3 times with 2.10; 256 → 256 0.9 and 1.3 times.
/// </remarks>
internal sealed class Upsampling2d : nn.Module<Tensor, Tensor>
{
    const int ManyOutputs = 256;

    readonly Parameter weight;
    readonly Parameter bias;
    readonly int inputs;
    readonly int outputs;

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
        input.device_type == DeviceType.CPU && outputs < ManyOutputs ? Shuffled(input) : Transposed(input);

    internal Tensor Transposed(Tensor input) => functional.conv_transpose2d(input, weight, bias, [2, 2], [1, 1]);

    internal Tensor Shuffled(Tensor input)
    {
        // Between input rows j − 1 and j lie output rows 2j − 1 + q, q = 0, 1: they take row j with kernel row q and row j − 1 with kernel
        // row q + 2. The same holds for columns. With one row and column of zeros around the input, one 2×2 convolution gives all four as
        // channels.
        using var scope = NewDisposeScope();
        var kernel = weight.view(inputs, outputs, 2, 2, 2, 2).flip(2, 4).permute(3, 5, 1, 0, 2, 4).reshape(4L * outputs, inputs, 2, 2);
        var channels = functional.conv2d(input, kernel, bias.repeat(4), [1, 1], [1, 1]).permute(0, 2, 3, 1);
        var (batch, height, width) = (channels.shape[0], channels.shape[1], channels.shape[2]);
        // [B, h, qy, w, qx, C] → [B, 2h, 2w, C], less the margin that the zeros made, and back to channels-last strides.
        return channels.reshape(batch, height, width, 2, 2, outputs).permute(0, 1, 3, 2, 4, 5)
            .reshape(batch, 2 * height, 2 * width, outputs).narrow(1, 1, 2 * height - 2).narrow(2, 1, 2 * width - 2)
            .permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }
}
