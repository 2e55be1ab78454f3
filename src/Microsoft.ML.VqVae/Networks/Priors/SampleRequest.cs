using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>What <see cref="CodePrior.Sample"/> is to make.</summary>
public sealed record SampleRequest
{
    /// <summary>The greatest <see cref="BatchSize"/>.</summary>
    public const int MaximumBatchSize = 256;

    /// <summary>How many rows of codes.</summary>
    /// <value>Zero or more.</value>
    public required int Count { get; init; }

    /// <summary>N: how many codes a row has.</summary>
    /// <value>0, the default, where the prior knows: see <see cref="CodePrior.Length"/>.</value>
    public int Length { get; init; }

    /// <summary>The class of each row, Int64 [Count]; <see langword="null"/> where <see cref="CodePrior.Conditions"/> is 0.</summary>
    public Tensor? Conditions { get; init; }

    /// <summary>A map for each row, Float32 [Count, …]; <see langword="null"/> where <see cref="CodePrior.MapChannels"/> is 0.</summary>
    public Tensor? Map { get; init; }

    /// <summary>Codes that are fixed, Int64 [Count, N]: −1 where a code is to be sampled. A sampled code depends on the codes before it,
    /// sampled or fixed; fixed codes that come later in the order do not influence it.</summary>
    /// <value><see langword="null"/>, the default: all are sampled.</value>
    public Tensor? Given { get; init; }

    /// <summary>What logits are divided by: below 1 likely codes become more likely.</summary>
    /// <value>More than 0. The default is 1: the distribution as it was learnt.</value>
    public double Temperature { get; init; } = 1;

    /// <summary>From how many of the likeliest codes each is chosen; 1 always takes the likeliest.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for all K.</value>
    public int? TopK { get; init; }

    /// <summary>What the choices are drawn from: code i of row r follows from (seed, <see cref="FirstSample"/> + r, i), however many rows
    /// are asked for and however they are batched.</summary>
    public int Seed { get; init; }

    /// <summary>The number of the first row, for a caller that asks for the rows of one series in several requests.</summary>
    /// <value>Zero or more. The default is 0.</value>
    public long FirstSample { get; init; }

    /// <summary>The number of each row, where rows are no series: rows of the same number are drawn with the same random numbers.</summary>
    /// <value>Each zero or more, <see cref="Count"/> of them; <see langword="null"/>, the default, for numbers that count from
    /// <see cref="FirstSample"/>.</value>
    public IReadOnlyList<long>? Numbers { get; init; }

    /// <summary>How many rows are made at a time.</summary>
    /// <value>From 1 to 256. The default is 64.</value>
    public int BatchSize { get; init; } = 64;

    /// <summary>Whether each code costs the work of one code. Otherwise each costs a pass over the whole row: the same codes, up to
    /// rounding, for comparison.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Cached { get; init; } = true;

    /// <summary>Ends the sampling early.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Receives the share of the codes that is made, 0 … 1.</summary>
    public IProgress<double>? Progress { get; init; }
}
