namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>How evenly codes are used.</summary>
internal sealed class CodeUsage
{
    public CodeUsage(IReadOnlyCollection<FrameRow> rows, int codes)
    {
        Counts = new long[codes];
        foreach (FrameRow row in rows)
            Counts[row.Code - 1]++;
        Share = Counts.Count(count => count > 0) / (double)codes;
        double[] shares = [.. Counts.Where(count => count > 0).Select(count => count / (double)rows.Count)];
        Perplexity = Math.Exp(-shares.Sum(share => share * Math.Log(share)));
    }

    public long[] Counts { get; }

    /// <summary>The share of the codes that occur at all.</summary>
    public double Share { get; }

    /// <summary>As many codes, used evenly, would be as hard to guess.</summary>
    public double Perplexity { get; }
}
