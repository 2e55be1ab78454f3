using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>x·Wᵀ + b over the last axis.</summary>
internal sealed class Affine : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly Parameter bias;

    public Affine(int inputs, int outputs, WeightSource source) : base(nameof(Affine))
    {
        weight = source.Draw(inputs, outputs, inputs);
        bias = source.Draw(inputs, outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.linear(input, weight, bias);
}
