namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of the encoder and decoder of a <see cref="SeriesVqVae"/>. The defaults suit a CPU.</summary>
public sealed class SeriesCodecOptions
{
    /// <summary>C: the number of values at each time step.</summary>
    /// <value>At least 1. The default is 1.</value>
    public int Channels { get; set; } = 1;

    /// <summary>The number of strided convolutions of the encoder, each of which halves the length. A code covers 2 to this power time
    /// steps.</summary>
    /// <value>From 1 to 12. The default is 3: a code for 8 time steps.</value>
    public int Downsamplings { get; set; } = 3;

    /// <summary>Channels of the convolutions.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int HiddenChannels { get; set; } = 64;

    /// <summary>Channels between the two convolutions of a residual block.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int ResidualChannels { get; set; } = 64;

    /// <summary>The number of residual blocks in the encoder and in the decoder.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int ResidualBlocks { get; set; } = 2;

    /// <summary>H: the number of time steps that a code covers.</summary>
    public int StepsPerCode => 1 << Math.Clamp(Downsamplings, 0, MaxDownsamplings);

    const int MaxDownsamplings = 12;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate() => OptionProblems.Check("The options of the series codec cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Channels), Channels, 1);
        problems.Require(Downsamplings is >= 1 and <= MaxDownsamplings, nameof(Downsamplings), $"from 1 to {MaxDownsamplings}", Downsamplings);
        problems.AtLeast(nameof(HiddenChannels), HiddenChannels, 1);
        problems.AtLeast(nameof(ResidualChannels), ResidualChannels, 1);
        problems.AtLeast(nameof(ResidualBlocks), ResidualBlocks, 0);
    }

    internal SeriesCodecOptions Copy() => (SeriesCodecOptions)MemberwiseClone();
}
