using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Draws the first weights of one model after another from one seed, and nothing from torch's global generator.</summary>
internal sealed class WeightSource(int seed) : IDisposable
{
    // Away from the streams that the quantizer with the same seed uses.
    readonly Generator generator = SeededRandom.CreateGenerator(seed, long.MaxValue);

    /// <summary>PyTorch's default for convolutions: uniform in ±1/√fan-in, for weights and biases alike.</summary>
    public Parameter Draw(long fanIn, params long[] shape) => Uniform(1 / Math.Sqrt(fanIn), shape);

    /// <summary>Weights of a layer between ReLUs, uniform in ±√(6/fan-in) (He et al. 2015, arXiv 1502.01852): what comes out varies as much
    /// as what went in, however many layers follow each other. With PyTorch's default each layer keeps a sixth of the variance.</summary>
    public Parameter DrawBetweenRectifiers(long fanIn, params long[] shape) => Uniform(Math.Sqrt(6.0 / fanIn), shape);

    Parameter Uniform(double bound, long[] shape)
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(zeros(shape, dtype: ScalarType.Float32).uniform_(-bound, bound, generator));
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    public void Dispose() => generator.Dispose();
}
