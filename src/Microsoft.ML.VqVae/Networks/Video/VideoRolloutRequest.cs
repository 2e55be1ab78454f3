using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>What <see cref="VideoCodePrior.Rollout"/> is to make.</summary>
public sealed record VideoRolloutRequest
{
    /// <summary>The codes of the frames that are known, Int64 [B, c, N], the latest last; c is at least
    /// <see cref="VideoCodePriorOptions.ContextFrames"/>.</summary>
    public required Tensor Context { get; init; }

    /// <summary>The actions that led to those frames, Int64 [B, c].</summary>
    public required Tensor ContextActions { get; init; }

    /// <summary>The actions that lead to the frames to be made, Int64 [B, T].</summary>
    public required Tensor Actions { get; init; }

    /// <summary>What logits are divided by: below 1 likely codes become more likely.</summary>
    /// <value>More than 0. The default is 1: the distribution as it was learnt.</value>
    public double Temperature { get; init; } = 1;

    /// <summary>From how many of the likeliest codes each is chosen; 1 always takes the likeliest.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, for all K.</value>
    public int? TopK { get; init; }

    /// <summary>What the choices are drawn from: those of frame t of row r follow from (seed, <see cref="FirstRow"/> + r, t).</summary>
    public int Seed { get; init; }

    /// <summary>The number of the first row, for a caller that asks for the rows of one series in several requests.</summary>
    /// <value>Zero or more. The default is 0.</value>
    public long FirstRow { get; init; }

    /// <summary>Whether each code costs the work of one code. Otherwise each costs a pass over the whole frame: the same codes, up to
    /// rounding, for comparison.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool Cached { get; init; } = true;

    /// <summary>Ends the rollout early.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Receives the share of the codes that is made, 0 … 1.</summary>
    public IProgress<double>? Progress { get; init; }
}
