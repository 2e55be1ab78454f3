using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>
/// The Fréchet distance of two sets of vectors, each taken as a normal distribution: |m₁ − m₂|² + tr(C₁ + C₂ − 2 (C₁C₂)^½), as in the Fréchet
/// Inception Distance (arXiv 1706.08500), of which this is not one: the vectors are of another network.
/// </summary>
internal static class FrechetDistance
{
    /// <param name="one">The vectors, of one size; two or more.</param>
    /// <param name="other">The vectors of the other set, of the same size; two or more.</param>
    public static double Between(double[][] one, double[][] other)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor mean, Tensor factor) = Moments(one);
        (Tensor otherMean, Tensor otherFactor) = Moments(other);
        // With C = FᵀF, the eigenvalues of C₁C₂ are the squares of the singular values of F₁F₂ᵀ. Their roots would be less exact.
        Tensor both = linalg.svdvals(factor.mm(otherFactor.t())).sum();
        return ((mean - otherMean).pow(2).sum() + factor.pow(2).sum() + otherFactor.pow(2).sum() - both * 2).item<double>();
    }

    /// <summary>The mean, and F of the covariance FᵀF.</summary>
    static (Tensor Mean, Tensor Factor) Moments(double[][] vectors)
    {
        Tensor rows = tensor([.. vectors.SelectMany(vector => vector)], [vectors.Length, vectors[0].Length]);
        Tensor mean = rows.mean([0]);
        (_, Tensor triangle) = linalg.qr(rows - mean);
        return (mean, triangle / Math.Sqrt(vectors.Length - 1));
    }
}
