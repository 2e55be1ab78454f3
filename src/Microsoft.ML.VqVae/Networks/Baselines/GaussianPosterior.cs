using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>q(z|x) of a Gaussian VAE: independent normal distributions.</summary>
/// <param name="Mean">Their means [B, D, h, w].</param>
/// <param name="LogVariance">The natural logarithms of their variances, of the same shape.</param>
public sealed record GaussianPosterior(Tensor Mean, Tensor LogVariance)
{
    /// <summary>KL(q(z|x) ‖ N(0, 1)) in nats for each image, [B]: ½ Σ (μ² + σ² − ln σ² − 1) (appendix B of arXiv 1312.6114).</summary>
    public Tensor Divergence()
    {
        using var scope = NewDisposeScope();
        return ((Mean.square() + LogVariance.exp() - LogVariance - 1.0).sum([1L, 2L, 3L]) * 0.5).MoveToOuterDisposeScope();
    }

    internal GaussianPosterior MoveToOuterDisposeScope() => new(Mean.MoveToOuterDisposeScope(), LogVariance.MoveToOuterDisposeScope());
}
