using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>x + 1×1(ReLU(3×3(ReLU(x)))).</summary>
internal sealed class PlainResidual : nn.Module<Tensor, Tensor>
{
    readonly nn.Module<Tensor, Tensor> wide;
    readonly nn.Module<Tensor, Tensor> narrow;

    public PlainResidual(nn.Module<Tensor, Tensor> wide, nn.Module<Tensor, Tensor> narrow) : base(nameof(PlainResidual))
    {
        (this.wide, this.narrow) = (wide, narrow);
        RegisterComponents();
    }

    /// <summary>The block over images.</summary>
    public static PlainResidual OverImages(int channels, int hidden) =>
        new(Conv2d(channels, hidden, 3, padding: 1), Conv2d(hidden, channels, 1));

    /// <summary>The block over sequences.</summary>
    public static PlainResidual OverTime(MemoryLayout layout, int channels) =>
        new(TimeConvolution.Create(layout, channels, channels, 3, padding: 1), TimeConvolution.Create(layout, channels, channels, 1));

    public override Tensor forward(Tensor input) => input + narrow.call(functional.relu(wide.call(functional.relu(input))));
}
