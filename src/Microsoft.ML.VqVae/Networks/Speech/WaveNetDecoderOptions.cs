
namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The settings of a <see cref="WaveNetDecoder"/>. The defaults, twenty layers of 64 channels, are small enough to be sampled in about real
/// time on a CPU.
/// </summary>
public sealed class WaveNetDecoderOptions
{
    /// <summary>How many samples a latent stands for.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int SamplesPerLatent { get; set; } = 64;

    /// <summary>Channels of the latents.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int LatentChannels { get; set; } = 64;

    /// <summary>How many speakers there are.</summary>
    /// <value>Zero or more; 0, the default, for a decoder that knows no speakers.</value>
    public int Speakers { get; set; }

    /// <summary>How often the dilations 1, 2, 4, … are repeated.</summary>
    /// <value>From 1 to 64. The default is 2.</value>
    public int Blocks { get; set; } = 2;

    /// <summary>Layers of a block: the dilations are 1, 2, 4, …, 2 to the power of this minus 1.</summary>
    /// <value>From 1 to 16. The default is 10.</value>
    public int LayersPerBlock { get; set; } = 10;

    /// <summary>Taps of the dilated convolutions.</summary>
    /// <value>2, the default, or 3.</value>
    public int KernelSize { get; set; } = 2;

    /// <summary>Channels of the residual path and of the gates.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int Channels { get; set; } = 64;

    /// <summary>Channels of the sum over all layers, from which the logits are made.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int SkipChannels { get; set; } = 64;

    /// <summary>Channels of what the latents are turned into before they condition the layers.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int ConditioningChannels { get; set; } = 64;

    /// <summary>How many parts of a latent's samples are conditioned differently: a learned up-sampling, by a convolution over
    /// neighbouring latents that gives this many frames for each.</summary>
    /// <value>At least 1 and a divisor of <see cref="SamplesPerLatent"/>; or 0, the default, for one frame every 64 samples or so.</value>
    public int FramesPerLatent { get; set; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The waveform decoder's options cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(SamplesPerLatent), SamplesPerLatent, 1);
        problems.AtLeast(nameof(LatentChannels), LatentChannels, 1);
        problems.AtLeast(nameof(Speakers), Speakers, 0);
        GatedStackShape.Describe(problems, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);
        problems.AtLeast(nameof(ConditioningChannels), ConditioningChannels, 1);
        problems.Require(
            FramesPerLatent == 0 || (FramesPerLatent > 0 && SamplesPerLatent % FramesPerLatent == 0), nameof(FramesPerLatent),
            $"0 or a divisor of {nameof(SamplesPerLatent)} ({SamplesPerLatent})", FramesPerLatent);
    }

    internal int FramesPerLatentOrDefault
    {
        get
        {
            if (FramesPerLatent > 0)
                return FramesPerLatent;
            var frames = Math.Max(1, SamplesPerLatent / 64);
            while (SamplesPerLatent % frames != 0)
                frames--;
            return frames;
        }
    }

    internal GatedStackShape Shape => new(
        WaveNetDecoder.Levels, Speakers, ConditioningChannels, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);

    internal WaveNetDecoderOptions Copy() => (WaveNetDecoderOptions)MemberwiseClone();
}
