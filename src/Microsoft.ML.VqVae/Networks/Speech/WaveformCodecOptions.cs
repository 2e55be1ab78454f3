namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The settings of a <see cref="WaveformVqVae"/>. The defaults are the model of section 4.3 of the paper (arXiv 1711.00937) for VCTK: six
/// strided convolutions, a code per 64 samples, and a WaveNet decoder.
/// </summary>
public sealed class WaveformCodecOptions : AudioCodecOptions
{
    /// <summary>The strides of the encoder's convolutions; each kernel is two samples longer than its stride. Their product is the number
    /// of samples that a code covers.</summary>
    /// <value>At least one, each from 1 to 16. The default is 2, six times: 64 samples per code.</value>
    public int[] Strides { get; set; } = [2, 2, 2, 2, 2, 2];

    /// <summary>Channels of the encoder.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int EncoderChannels { get; set; } = 256;

    /// <summary>Residual blocks of the encoder, at the rate of the codes.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int EncoderBlocks { get; set; } = 2;

    /// <summary>The WaveNet decoder. Samples per latent, channels of a latent and the number of speakers are set by the codec.</summary>
    /// <value>The default is 20 layers of 64 channels.</value>
    public WaveNetDecoderOptions Decoder { get; set; } = new();

    /// <summary>The divisor of the logits when codes are decoded: 1 samples from the learned distribution, less than 1 from a narrower
    /// one.</summary>
    /// <value>More than 0. The default is 1.</value>
    public double Temperature { get; set; } = 1;

    /// <inheritdoc/>
    public override int SamplesPerCode => (Strides ?? []).Aggregate(1, (product, stride) => checked(product * stride));

    internal override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        problems.Require(Strides is { Length: >= 1 and <= 16 } && Strides.All(stride => stride is >= 1 and <= 16), nameof(Strides),
            "from 1 to 16 strides, each from 1 to 16", Strides is null ? null : $"[{string.Join(", ", Strides)}]");
        problems.AtLeast(nameof(EncoderChannels), EncoderChannels, 1);
        problems.AtLeast(nameof(EncoderBlocks), EncoderBlocks, 0);
        problems.Require(Decoder is not null, nameof(Decoder), "set", Decoder);
        DecoderFor(latentChannels: 1, speakers: 0)?.Describe(problems);
        problems.Require(Temperature > 0 && double.IsFinite(Temperature), nameof(Temperature), "a finite number above 0", Temperature);
    }

    /// <summary>The decoder's settings, completed by those that the codec decides.</summary>
    internal WaveNetDecoderOptions? DecoderFor(int latentChannels, int speakers)
    {
        var decoder = Decoder?.Copy();
        if (decoder is not null)
            (decoder.SamplesPerLatent, decoder.LatentChannels, decoder.Speakers) = (SamplesPerCode, latentChannels, speakers);
        return decoder;
    }

    internal override AudioCodecOptions Copy()
    {
        var copy = (WaveformCodecOptions)MemberwiseClone();
        copy.Strides = [.. Strides];
        copy.Decoder = Decoder.Copy();
        return copy;
    }

    internal override AudioVqVae CreateNetwork(QuantizerOptions quantizer, int speakers, int seed) =>
        new WaveformVqVae(this, quantizer, speakers, seed);
}

/// <summary>
/// The settings of a <see cref="WaveNetDecoder"/>. The defaults, twenty layers of 64 channels, are small enough to be sampled in about real
/// time on a CPU.
/// </summary>
public sealed class WaveNetDecoderOptions
{
    /// <summary>The number of samples that a latent covers.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int SamplesPerLatent { get; set; } = 64;

    /// <summary>Channels of the latents.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int LatentChannels { get; set; } = 64;

    /// <summary>The number of speakers.</summary>
    /// <value>Zero or more; 0, the default, for a decoder that is not conditioned on speakers.</value>
    public int Speakers { get; set; }

    /// <summary>The number of repetitions of the dilations 1, 2, 4, ….</summary>
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

    /// <summary>Channels of the sum over all layers, from which the logits are computed.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int SkipChannels { get; set; } = 64;

    /// <summary>Channels of the frames that the latents are expanded to and that condition the layers.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int ConditioningChannels { get; set; } = 64;

    /// <summary>The number of conditioning frames per latent: a learned upsampling, by a convolution over neighboring latents that produces
    /// this many frames for each.</summary>
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
