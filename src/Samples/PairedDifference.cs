namespace Microsoft.ML.VqVae.Samples;

/// <summary>The mean difference of two figures of the same rows, and how sure it is.</summary>
internal sealed record PairedDifference(double Mean, double StandardError)
{
    public bool IsNoChance => Mean > 2 * StandardError;

    public static PairedDifference Of(IReadOnlyList<float> larger, IReadOnlyList<float> smaller)
    {
        double[] differences = [.. larger.Zip(smaller, (a, b) => (double)a - b)];
        double mean = differences.Average();
        double variance = differences.Sum(difference => (difference - mean) * (difference - mean)) / (differences.Length - 1);
        return new PairedDifference(mean, Math.Sqrt(variance / differences.Length));
    }
}
