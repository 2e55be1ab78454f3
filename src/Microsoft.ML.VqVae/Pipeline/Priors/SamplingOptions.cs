using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>How a <see cref="PriorTransformer"/> makes codes.</summary>
public sealed class SamplingOptions
{
    /// <summary>The number of rows made at a time, where nothing else is set.</summary>
    public const int DefaultBatchSize = 64;

    /// <summary>What the logarithms of probabilities are divided by: below 1 likely codes become more likely, and samples more alike.</summary>
    /// <value>More than 0. The default is 1: the distribution as it was learnt.</value>
    public double Temperature { get; set; } = 1;

    /// <summary>From how many of the likeliest codes each is chosen; 1 always takes the likeliest.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for all.</value>
    public int? TopK { get; set; }

    /// <summary>Decides all choices: the same seed gives the same codes, whatever the batch size, up to a choice here and there that
    /// rounding may turn over.</summary>
    /// <value><see langword="null"/>, the default, for the seed of the MLContext; where that has none either, other codes each
    /// time.</value>
    public int? Seed { get; set; }

    /// <summary>How many codes a row is to have, for a prior over rows of any length. Rows that are completed are not made shorter.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for the mean length of the rows that the prior was trained on, or, in
    /// completion, for each row's own.</value>
    public int? Length { get; set; }

    /// <summary>How many rows are made at a time.</summary>
    /// <value>From 1 to 256. The default is 64.</value>
    public int BatchSize { get; set; } = DefaultBatchSize;

    /// <summary>Whether what was computed for the codes before is kept, so that each code costs the work of one code. Otherwise each
    /// costs a pass over the whole row: the same codes, up to rounding, to compare with.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Cached { get; set; } = true;

    /// <summary>Receives the share of the codes that is made, 0 to 1.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    public IProgress<double>? Progress { get; set; }

    /// <summary>Ends the sampling early, with an <see cref="OperationCanceledException"/>.</summary>
    /// <value>The default is <see cref="System.Threading.CancellationToken.None"/>.</value>
    public CancellationToken CancellationToken { get; set; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The sampling options cannot be used");
        problems.Require(Temperature > 0 && double.IsFinite(Temperature), nameof(Temperature), "a finite number above 0", Temperature);
        problems.Require(TopK is null or >= 1, nameof(TopK), "1 or more, or null for all codes", TopK);
        problems.Require(Length is null or >= 1, nameof(Length), "1 or more, or null", Length);
        problems.Require(BatchSize is >= 1 and <= SampleRequest.MaximumBatchSize, nameof(BatchSize),
            $"from 1 to {SampleRequest.MaximumBatchSize}", BatchSize);
        problems.ThrowIfAny();
    }
}
