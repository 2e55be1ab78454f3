using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A transposed convolution of size 4, stride 2 and padding 1 over [B, C, T]: doubles the length. The weight is in the order of
/// PyTorch's ConvTranspose1d, [inputs, outputs, 4].</summary>
internal sealed class Upsampling1d : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly Parameter bias;

    public Upsampling1d(int inputs, int outputs, WeightSource source) : base(nameof(Upsampling1d))
    {
        // PyTorch counts the fan-in of a transposed convolution on its outputs.
        long fanIn = outputs * 4L;
        weight = source.Draw(fanIn, inputs, outputs, 4);
        bias = source.Draw(fanIn, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.conv_transpose1d(input, weight, bias, stride: 2, padding: 1);
}
