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
        (Tensor mean, Tensor covariance) = Moments(one);
        (Tensor otherMean, Tensor otherCovariance) = Moments(other);
        // (C₁C₂)^½ has the trace of (C₁^½ C₂ C₁^½)^½, whose argument is symmetric.
        Tensor root = Root(covariance);
        Tensor both = Root(root.mm(otherCovariance).mm(root));
        return ((mean - otherMean).pow(2).sum() + (covariance + otherCovariance - both * 2).trace()).item<double>();
    }

    static (Tensor Mean, Tensor Covariance) Moments(double[][] vectors)
    {
        Tensor rows = tensor([.. vectors.SelectMany(vector => vector)], [vectors.Length, vectors[0].Length]);
        Tensor mean = rows.mean([0]), centred = rows - mean;
        return (mean, centred.t().mm(centred) / (vectors.Length - 1));
    }

    /// <summary>The root of a symmetric matrix without negative eigenvalues, but for rounding.</summary>
    static Tensor Root(Tensor matrix)
    {
        (Tensor values, Tensor vectors) = linalg.eigh(matrix);
        return vectors.mm(values.clamp(0).sqrt().diag()).mm(vectors.t());
    }
}
