
namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The settings of a <see cref="WaveformVqVae"/>. The defaults are the model of section 4.3 of the paper (arXiv 1711.00937) for VCTK: six
/// strided convolutions, a code for 64 samples, and a WaveNet decoder.
/// </summary>
public sealed class WaveformCodecOptions : AudioCodecOptions
{
    /// <summary>The strides of the encoder's convolutions, each of a kernel two samples longer than its stride. Their product is the number
    /// of samples that a code stands for.</summary>
    /// <value>At least one, each from 1 to 16. The default is 2, six times: 64 samples a code.</value>
    public int[] Strides { get; set; } = [2, 2, 2, 2, 2, 2];

    /// <summary>Channels of the encoder.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int EncoderChannels { get; set; } = 256;

    /// <summary>Residual blocks of the encoder, at the rate of the codes.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int EncoderBlocks { get; set; } = 2;

    /// <summary>The WaveNet that decodes. How many samples and channels a latent has, and how many speakers there are, is filled
    /// in.</summary>
    /// <value>The default is 20 layers of 64 channels.</value>
    public WaveNetDecoderOptions Decoder { get; set; } = new();

    /// <summary>How boldly samples are drawn when codes are decoded: 1 draws from the distribution that was learnt, less from a narrower
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

    /// <summary>The decoder's settings with what the codec decides.</summary>
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

    internal override AudioVqVae CreateNetwork(VectorQuantizerOptions quantizer, int speakers, int seed) =>
        new WaveformVqVae(this, quantizer, speakers, seed);
}
