namespace Microsoft.ML.VqVae.Samples;

/// <summary>The mean difference of paired values, with its standard error.</summary>
internal sealed record PairedDifference(double Mean, double StandardError)
{
    public bool IsSignificant => Mean > 2 * StandardError;

    public static PairedDifference Of(IReadOnlyList<float> larger, IReadOnlyList<float> smaller)
    {
        double[] differences = [.. larger.Zip(smaller, (a, b) => (double)a - b)];
        double mean = differences.Average();
        double variance = differences.Sum(difference => (difference - mean) * (difference - mean)) / (differences.Length - 1);
        return new PairedDifference(mean, Math.Sqrt(variance / differences.Length));
    }
}

/// <summary>The distribution of codes over a codebook.</summary>
internal sealed class CodeUsage
{
    /// <param name="codes">The codes as keys: 1 is the first code.</param>
    /// <param name="codebookSize">The number of codes of the codebook.</param>
    public CodeUsage(IEnumerable<uint> codes, int codebookSize)
    {
        Counts = new long[codebookSize];
        foreach (uint code in codes)
            Counts[code - 1]++;
        Used = Counts.Count(count => count > 0);
        double total = Counts.Sum();
        Perplexity = Math.Exp(-Counts.Where(count => count > 0).Sum(count => count / total * Math.Log(count / total)));
    }

    public long[] Counts { get; }

    /// <summary>The number of codes that occur.</summary>
    public int Used { get; }

    /// <summary>The fraction of the codebook that occurs.</summary>
    public double Share => Used / (double)Counts.Length;

    /// <summary>The exponential of the entropy: the number of equally frequent codes with the same entropy.</summary>
    public double Perplexity { get; }
}
