
namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of the encoder and decoder of a <see cref="CodesVqVae"/>. How many latents there are, and how many codes each
/// chooses from, are settings of its quantizer.</summary>
public sealed class CodesCodecOptions
{
    /// <summary>Channels of the vector that stands for each code on the way into the encoder.</summary>
    /// <value>At least 1. The default is 32.</value>
    public int EmbeddingChannels { get; set; } = 32;

    /// <summary>Channels of the encoder's convolutions.</summary>
    /// <value>At least 1. The default is 128.</value>
    public int HiddenChannels { get; set; } = 128;

    /// <summary>How many residual blocks the encoder has.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int ResidualBlocks { get; set; } = 2;

    /// <summary>The decoder: a PixelCNN over the grid. Its <see cref="PixelCnnOptions.MapChannels"/> are what the latents tell each
    /// position. Grid and number of codes are taken from the column where they are 0.</summary>
    /// <value>The default has 8 layers of 64 channels and 32 channels of map.</value>
    public PixelCnnOptions Decoder { get; set; } = new() { Layers = 8, Channels = 64, MapChannels = 32 };

    /// <summary>Checks all settings together, the grid included: set those that come from a column first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of the codec of codes cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(EmbeddingChannels), EmbeddingChannels, 1);
        problems.AtLeast(nameof(HiddenChannels), HiddenChannels, 1);
        problems.AtLeast(nameof(ResidualBlocks), ResidualBlocks, 0);
        problems.Require(Decoder is not null, nameof(Decoder), "set", Decoder);
        if (Decoder is null)
            return;
        problems.AtLeast($"{nameof(Decoder)}.{nameof(Decoder.MapChannels)}", Decoder.MapChannels, 1);
        problems.Require(Decoder.Conditions == 0, $"{nameof(Decoder)}.{nameof(Decoder.Conditions)}",
            "0, since the latents are all that the decoder is conditioned on", Decoder.Conditions);
        Decoder.Describe(problems);
    }

    internal CodesCodecOptions Copy()
    {
        var copy = (CodesCodecOptions)MemberwiseClone();
        copy.Decoder = Decoder.Copy();
        return copy;
    }
}
