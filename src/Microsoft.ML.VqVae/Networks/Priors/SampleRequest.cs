using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of sampling that all networks over codes share.</summary>
public record SamplingSettings
{
    /// <summary>The maximum <see cref="BatchSize"/>.</summary>
    public const int MaximumBatchSize = 256;

    /// <summary>The divisor of the logits: below 1 likely codes become more likely.</summary>
    /// <value>More than 0. The default is 1: the distribution as it was learned.</value>
    public double Temperature { get; init; } = 1;

    /// <summary>The number of most likely codes that each code is chosen from; with 1 the most likely code is always taken.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for all K.</value>
    public int? TopK { get; init; }

    /// <summary>The seed of all choices: code i of a row follows from the seed, the number of the row and i, however many rows are sampled
    /// and however they are batched.</summary>
    public int Seed { get; init; }

    /// <summary>Number of rows that are sampled at a time.</summary>
    /// <value>From 1 to 256. The default is 64.</value>
    public int BatchSize { get; init; } = 64;

    /// <summary>Whether the network keeps what it computed for earlier codes, so that each code costs the work of one code. Otherwise each
    /// costs a pass over the whole row: the same codes, up to rounding, for comparison.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Cached { get; init; } = true;

    /// <summary>Cancels the sampling.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Receives the completed share of the codes, 0 … 1.</summary>
    public IProgress<double>? Progress { get; init; }

    internal void Describe(OptionProblems problems)
    {
        problems.Require(Temperature > 0 && double.IsFinite(Temperature), nameof(Temperature), "a finite number above 0", Temperature);
        problems.Require(TopK is null or >= 1, nameof(TopK), "1 or more, or null for all codes", TopK);
        problems.Require(BatchSize is >= 1 and <= MaximumBatchSize, nameof(BatchSize), $"from 1 to {MaximumBatchSize}", BatchSize);
    }

    /// <summary>Divides rows into batches.</summary>
    internal IEnumerable<SamplingBatch> Batches(int rows)
    {
        for (int first = 0; first < rows; first += BatchSize)
        {
            int count = Math.Min(BatchSize, rows - first);
            yield return new SamplingBatch(first, count, ProgressShare.Of(Progress, first, count, rows));
        }
    }
}

/// <summary>Rows that are sampled together.</summary>
/// <param name="First">The number of the first row, counted from 0.</param>
/// <param name="Count">Number of rows.</param>
/// <param name="Progress">Receives the completed share of the batch; or null.</param>
internal readonly record struct SamplingBatch(int First, int Count, IProgress<double>? Progress);

/// <summary>The input of <see cref="CodePrior.Sample"/>.</summary>
public sealed record SampleRequest : SamplingSettings
{
    /// <summary>Creates a request with the default settings.</summary>
    public SampleRequest()
    {
    }

    /// <summary>Creates a request with given settings.</summary>
    /// <param name="settings">The settings; copied.</param>
    public SampleRequest(SamplingSettings settings) : base(settings)
    {
    }

    /// <summary>Number of rows of codes.</summary>
    /// <value>Zero or more.</value>
    public required int Count { get; init; }

    /// <summary>N: number of codes in a row.</summary>
    /// <value>0, the default, for <see cref="CodePrior.Length"/> where the prior has a fixed one.</value>
    public int Length { get; init; }

    /// <summary>The class of each row, Int64 [Count]; <see langword="null"/> where <see cref="CodePrior.Conditions"/> is 0.</summary>
    public Tensor? Conditions { get; init; }

    /// <summary>A map for each row, Float32 [Count, …]; <see langword="null"/> where <see cref="CodePrior.MapChannels"/> is 0.</summary>
    public Tensor? Map { get; init; }

    /// <summary>Codes that are fixed, Int64 [Count, N]: −1 where a code is to be sampled. A sampled code depends on the codes before it,
    /// sampled or fixed; fixed codes that come later in the order do not influence it.</summary>
    /// <value><see langword="null"/>, the default: all are sampled.</value>
    public Tensor? Given { get; init; }

    /// <summary>The number of the first row, for a caller that samples the rows of one series in several requests.</summary>
    /// <value>Zero or more. The default is 0.</value>
    public long FirstSample { get; init; }

    /// <summary>The number of each row, where rows are no series: rows with the same number are drawn with the same random
    /// numbers.</summary>
    /// <value>Each zero or more, <see cref="Count"/> of them; <see langword="null"/>, the default, for numbers that count from
    /// <see cref="FirstSample"/>.</value>
    public IReadOnlyList<long>? Numbers { get; init; }

    /// <summary>Number of codes that are wanted of each row, at most <see cref="Length"/>: a batch ends with the longest of its rows. Null
    /// for all codes of all rows.</summary>
    internal IReadOnlyList<int>? Lengths { get; init; }
}

/// <summary>The progress of a part of some work, reported as the progress of the whole.</summary>
internal sealed class ProgressShare : IProgress<double>
{
    readonly IProgress<double> _whole;
    readonly double _done;
    readonly double _part;
    readonly double _total;

    ProgressShare(IProgress<double> whole, double done, double part, double total) =>
        (_whole, _done, _part, _total) = (whole, done, part, total);

    /// <summary>The progress of the next part.</summary>
    /// <param name="whole">Receives the completed share of the whole; null for no reports.</param>
    /// <param name="done">The amount completed before the part.</param>
    /// <param name="part">The amount of the part.</param>
    /// <param name="total">The amount of the whole.</param>
    public static IProgress<double>? Of(IProgress<double>? whole, double done, double part, double total) =>
        whole is null ? null : new ProgressShare(whole, done, part, total);

    public void Report(double value) => _whole.Report((_done + value * _part) / _total);
}
