using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The input of <see cref="VideoCodePrior.Rollout"/>. The choices of frame t of row r derive from the seed,
/// <see cref="FirstRow"/> + r and t.</summary>
public sealed record VideoRolloutRequest : SamplingSettings
{
    /// <summary>Creates a request with the default settings.</summary>
    public VideoRolloutRequest()
    {
    }

    /// <summary>Creates a request with given settings.</summary>
    /// <param name="settings">The settings; copied.</param>
    public VideoRolloutRequest(SamplingSettings settings) : base(settings)
    {
    }

    /// <summary>The codes of the frames that are known, Int64 [B, c, N], the latest last; c is at least
    /// <see cref="VideoCodePriorOptions.ContextFrames"/>.</summary>
    public required Tensor Context { get; init; }

    /// <summary>The actions that led to those frames, Int64 [B, c].</summary>
    public required Tensor ContextActions { get; init; }

    /// <summary>The actions that lead to the frames to be sampled, Int64 [B, T].</summary>
    public required Tensor Actions { get; init; }

    /// <summary>The number of the first row, for a caller that samples the rows of one series in several requests.</summary>
    /// <value>Zero or more. The default is 0.</value>
    public long FirstRow { get; init; }
}
