using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of sampling from a <see cref="PriorTransformer"/> or a <see cref="VideoPriorTransformer"/>.</summary>
public sealed class SamplingOptions
{
    /// <summary>The default of <see cref="BatchSize"/>.</summary>
    public const int DefaultBatchSize = 64;

    /// <summary>The temperature, by which logits are divided: values below 1 make likely codes more likely, and samples less
    /// diverse.</summary>
    /// <value>More than 0. The default is 1: the learned distribution.</value>
    public double Temperature { get; set; } = 1;

    /// <summary>Number of most likely codes that each code is sampled from; 1 always takes the most likely code.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for all.</value>
    public int? TopK { get; set; }

    /// <summary>The seed of the random numbers: the same seed results in the same codes for all batch sizes, up to rounding.</summary>
    /// <value><see langword="null"/>, the default, for the seed of the MLContext; if that is null too, each call samples different
    /// codes.</value>
    public int? Seed { get; set; }

    /// <summary>Number of codes in a sampled row, for a prior over rows of any length. Completed rows are not shortened.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for the mean length of the training rows, which must then be at most 16384,
    /// or, in completion, the length of each row.</value>
    public int? Length { get; set; }

    /// <summary>Number of rows sampled at once.</summary>
    /// <value>From 1 to 256. The default is 64.</value>
    public int BatchSize { get; set; } = DefaultBatchSize;

    /// <summary>Whether activations of earlier codes are cached, so that each code takes the work of one position. Without the cache, each
    /// code takes a pass over the whole row, with the same codes up to rounding, for comparison.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Cached { get; set; } = true;

    /// <summary>Receives the fraction of codes sampled so far, 0 to 1.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    public IProgress<double>? Progress { get; set; }

    /// <summary>Cancels the sampling, which then throws an <see cref="OperationCanceledException"/>.</summary>
    /// <value>The default is <see cref="System.Threading.CancellationToken.None"/>.</value>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them.</exception>
    public void Validate() => OptionProblems.Check("The sampling options cannot be used", ToSettings(seed: 0).Describe,
        problems => problems.Require(Length is null or >= 1, nameof(Length), "1 or more, or null", Length));

    /// <summary>The settings in the form that networks use.</summary>
    internal SamplingSettings ToSettings(int seed) => new()
    {
        Temperature = Temperature,
        TopK = TopK,
        Seed = seed,
        BatchSize = BatchSize,
        Cached = Cached,
        Cancellation = CancellationToken,
        Progress = Progress,
    };
}
