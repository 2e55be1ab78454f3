using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>x·Wᵀ + b over rows [N, inputs], a 1×1 convolution; <c>weight</c> [outputs, inputs] and <c>bias</c> as in PyTorch's Linear.</summary>
internal sealed class Dense : nn.Module<Tensor, Tensor>
{
    readonly Parameter weight;
    readonly Parameter bias;

    public Dense(int inputs, int outputs, WeightSource source) : base(nameof(Dense))
    {
        weight = source.Draw(inputs, outputs, inputs);
        bias = source.Draw(inputs, outputs);
        RegisterComponents();
    }

    public Parameter Weight => weight;

    public Parameter Bias => bias;

    public override Tensor forward(Tensor input)
    {
        using var transposed = weight.t();
        return addmm(bias, input, transposed, 1, 1);
    }
}
