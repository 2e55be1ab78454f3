namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of a <see cref="VideoCodePrior"/>: the network inside a frame, and the network over the frames before.</summary>
public sealed class VideoCodePriorOptions
{
    /// <summary>The network inside a frame. Its grid and its number of codes are those of the video; it takes its conditions from
    /// <see cref="VideoCodePrior"/>, so that <see cref="PixelCnnOptions.Conditions"/> and <see cref="PixelCnnOptions.MapChannels"/> must be
    /// 0.</summary>
    /// <value>The default has 6 layers of 64 channels.</value>
    public PixelCnnOptions Frame { get; set; } = new() { Layers = 6, Channels = 64 };

    /// <summary>Number of actions.</summary>
    /// <value>At least 1; 0, the default, where it is to be taken from the column.</value>
    public int Actions { get; set; }

    /// <summary>n: number of preceding frames that a frame is predicted from, with the actions that followed them.</summary>
    /// <value>At least 1. The default is 4.</value>
    public int ContextFrames { get; set; } = 4;

    /// <summary>Channels of the embedding of a code of those frames.</summary>
    /// <value>At least 1. The default is 32.</value>
    public int EmbeddingChannels { get; set; } = 32;

    /// <summary>Channels of the network over the frames before, and so of the map that conditions each position.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int ContextChannels { get; set; } = 64;

    /// <summary>The side of the window of the latest frame from which an action may move something to a position: at least twice the
    /// number of positions that anything moves in a frame, and one more.</summary>
    /// <value>An odd number of at least 1. The default is 9.</value>
    public int MotionKernelSize { get; set; } = 9;

    /// <summary>Number of gated residual blocks of 3×3 convolutions that follow.</summary>
    /// <value>Zero or more. The default is 4.</value>
    public int ContextBlocks { get; set; } = 4;

    /// <summary>The share of codes of the preceding frames that are replaced by random ones in training. A rollout builds on frames that
    /// the network sampled itself, which are never quite right; a network trained on perfect frames alone amplifies their
    /// mistakes.</summary>
    /// <value>From 0, the default, to below 1.</value>
    public double ContextNoise { get; set; }

    /// <summary>Checks all settings together, the grid and the numbers of codes and actions included: set those that come from columns
    /// first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of the prior over video cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal void Describe(OptionProblems problems)
    {
        problems.Require(Frame is not null, nameof(Frame), "set", Frame);
        Frame?.Describe(problems);
        problems.Require(Frame is null or { Conditions: 0, MapChannels: 0 }, nameof(Frame), "without conditions and map of its own",
            $"{Frame?.Conditions} conditions and {Frame?.MapChannels} map channels");
        problems.AtLeast(nameof(Actions), Actions, 1);
        problems.AtLeast(nameof(ContextFrames), ContextFrames, 1);
        problems.AtLeast(nameof(EmbeddingChannels), EmbeddingChannels, 1);
        problems.AtLeast(nameof(ContextChannels), ContextChannels, 1);
        problems.Require(MotionKernelSize >= 1 && MotionKernelSize % 2 == 1, nameof(MotionKernelSize), "an odd number of 1 or more",
            MotionKernelSize);
        problems.AtLeast(nameof(ContextBlocks), ContextBlocks, 0);
        problems.Require(ContextNoise is >= 0 and < 1, nameof(ContextNoise), "from 0 to below 1", ContextNoise);
    }

    /// <summary>A copy in which sizes that are still to be taken from columns are valid, to check all other settings.</summary>
    internal VideoCodePriorOptions WithOpenSizes()
    {
        var copy = (VideoCodePriorOptions)MemberwiseClone();
        copy.Frame = Frame?.WithOpenSizes()!;
        copy.Actions = Actions == 0 ? 1 : Actions;
        return copy;
    }

    internal VideoCodePriorOptions Copy()
    {
        var copy = (VideoCodePriorOptions)MemberwiseClone();
        copy.Frame = Frame.Copy();
        return copy;
    }
}
