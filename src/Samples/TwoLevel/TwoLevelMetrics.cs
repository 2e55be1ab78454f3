namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>The content of metrics.json: the keys are a contract with whoever reads the file. Bits are those of a row of codes, the mean over
/// held-out pictures.</summary>
internal sealed record TwoLevelMetrics
{
    public required double Seconds { get; init; }

    /// <summary>Under a PixelCNN of the same size, trained for as many steps, that knows no latents.</summary>
    public required double UnconditionalBits { get; init; }

    /// <summary>Given the row's own latents.</summary>
    public required double ConditionalBits { get; init; }

    /// <summary>Given the latents of another picture.</summary>
    public required double ShuffledBits { get; init; }

    /// <summary>Of the difference between the two, row by row.</summary>
    public required double UnconditionalMinusConditionalStandardError { get; init; }

    /// <summary>Of the difference between the two, row by row.</summary>
    public required double ShuffledMinusConditionalStandardError { get; init; }

    public required int Latents { get; init; }

    /// <summary>The most that the latents can say: each chooses from so many codes.</summary>
    public required double LatentBits { get; init; }

    public required int[] UsedCodesPerLatent { get; init; }

    public required double[] PerplexityPerLatent { get; init; }

    public required int TestRows { get; init; }

    /// <summary>What cannot be chance: both differences are larger than twice their standard error.</summary>
    public required bool LatentsAreUsed { get; init; }

    public void Save(string path) => MetricsFile.Save(path, this);
}
