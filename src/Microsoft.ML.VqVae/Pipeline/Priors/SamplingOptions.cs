using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of sampling from a <see cref="PriorTransformer"/> or a <see cref="VideoPriorTransformer"/>.</summary>
public sealed class SamplingOptions
{
    /// <summary>Number of rows that are sampled at a time, unless set otherwise.</summary>
    public const int DefaultBatchSize = 64;

    /// <summary>The divisor of the logarithms of probabilities: below 1 likely codes become more likely, and samples more alike.</summary>
    /// <value>More than 0. The default is 1: the distribution as it was learned.</value>
    public double Temperature { get; set; } = 1;

    /// <summary>The number of most likely codes that each code is chosen from; with 1 the most likely code is always taken.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for all.</value>
    public int? TopK { get; set; }

    /// <summary>The seed of all choices: the same seed gives the same codes, whatever the batch size, except where rounding tips a
    /// choice.</summary>
    /// <value><see langword="null"/>, the default, for the seed of the MLContext; if that has none either, the codes differ each
    /// time.</value>
    public int? Seed { get; set; }

    /// <summary>Number of codes in a sampled row, for a prior over rows of any length. Rows that are completed do not become
    /// shorter.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for the mean length of the rows that the prior was trained on, or, in
    /// completion, for each row's own.</value>
    public int? Length { get; set; }

    /// <summary>Number of rows that are sampled at a time.</summary>
    /// <value>From 1 to 256. The default is 64.</value>
    public int BatchSize { get; set; } = DefaultBatchSize;

    /// <summary>Whether the network keeps what it computed for earlier codes, so that each code costs the work of one code. Otherwise each
    /// costs a pass over the whole row: the same codes, up to rounding, for comparison.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Cached { get; set; } = true;

    /// <summary>Receives the completed share of the codes, 0 to 1.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    public IProgress<double>? Progress { get; set; }

    /// <summary>Cancels the sampling, which then throws an <see cref="OperationCanceledException"/>.</summary>
    /// <value>The default is <see cref="System.Threading.CancellationToken.None"/>.</value>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The sampling options cannot be used");
        ToSettings(seed: 0).Describe(problems);
        problems.Require(Length is null or >= 1, nameof(Length), "1 or more, or null", Length);
        problems.ThrowIfAny();
    }

    /// <summary>The settings as a network takes them.</summary>
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
