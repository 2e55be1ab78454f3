
namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The settings of the encoder and decoder of an <see cref="ImageVqVae"/>. The defaults are the network of section 4.1 of the paper (arXiv
/// 1711.00937): two stride-2 4×4 convolutions, two residual blocks, all of 256 channels, and a decoder that mirrors them.
/// </summary>
public sealed class ImageCodecOptions
{
    /// <summary>Height of the images in pixels; a multiple of 2 to the power of <see cref="Downsamplings"/>.</summary>
    /// <value>0, the default, where it is to be taken from the column.</value>
    public int Height { get; set; }

    /// <summary>Width of the images in pixels; a multiple of 2 to the power of <see cref="Downsamplings"/>.</summary>
    /// <value>0, the default, where it is to be taken from the column.</value>
    public int Width { get; set; }

    /// <summary>Colour channels of the images: 1 for grey, 3 for colour.</summary>
    /// <value>0, the default, where it is to be taken from the column.</value>
    public int Channels { get; set; }

    /// <summary>Channels of the layers that work at the resolution of the codes.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int HiddenChannels { get; set; } = 256;

    /// <summary>Channels of the layers that work at higher resolutions, where a channel costs most.</summary>
    /// <value>At least 1, or 0, the default, for as many as <see cref="HiddenChannels"/>.</value>
    public int OuterChannels { get; set; }

    /// <summary>Channels between the 3×3 and the 1×1 convolution of a residual block.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int ResidualChannels { get; set; } = 256;

    /// <summary>How many residual blocks encoder and decoder have each.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int ResidualBlocks { get; set; } = 2;

    /// <summary>How often height and width are halved on the way to the codes.</summary>
    /// <value>From 1 to 8. The default is 2: a code for 4×4 pixels.</value>
    public int Downsamplings { get; set; } = 2;

    /// <summary>Whether training mirrors a random half of the images left to right.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool FlipHorizontally { get; set; }

    /// <summary>What the decoder says of a pixel, by which training weighs errors and bits are counted.</summary>
    /// <value>The default is <see cref="PixelLikelihood.UnitGaussian"/>: the squared error.</value>
    public PixelLikelihood PixelLikelihood { get; set; } = PixelLikelihood.UnitGaussian;

    /// <summary>With <see cref="ByteScale"/>: what a byte is in the units of the images, for counting bits. A byte b stands there as
    /// (b − offset) · scale. Estimators take both from the column.</summary>
    /// <value>A finite number. The default is 0.</value>
    public float ByteOffset { get; set; }

    /// <summary>See <see cref="ByteOffset"/>.</summary>
    /// <value>A finite number other than 0. The default is 1: values from 0 to 255.</value>
    public float ByteScale { get; set; } = 1;

    /// <summary>Checks all settings together, sizes included: set those that come from a column first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The image codec's options cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Channels), Channels, 1);
        problems.AtLeast(nameof(HiddenChannels), HiddenChannels, 1);
        problems.AtLeast(nameof(OuterChannels), OuterChannels, 0);
        problems.AtLeast(nameof(ResidualChannels), ResidualChannels, 1);
        problems.AtLeast(nameof(ResidualBlocks), ResidualBlocks, 0);
        problems.Require(Downsamplings is >= 1 and <= 8, nameof(Downsamplings), "from 1 to 8", Downsamplings);
        problems.Require(Enum.IsDefined(PixelLikelihood), nameof(PixelLikelihood),
            $"one of {string.Join(", ", Enum.GetNames<PixelLikelihood>())}", PixelLikelihood);
        problems.Require(float.IsFinite(ByteOffset), nameof(ByteOffset), "a finite number", ByteOffset);
        problems.Require(float.IsFinite(ByteScale) && ByteScale != 0, nameof(ByteScale), "a finite number other than 0", ByteScale);
        var step = 1 << Math.Clamp(Downsamplings, 1, 8);
        var multiple = $"a positive multiple of {step} (halved {Downsamplings} times)";
        problems.Require(Height > 0 && Height % step == 0, nameof(Height), multiple, Height);
        problems.Require(Width > 0 && Width % step == 0, nameof(Width), multiple, Width);
    }

    internal int OuterChannelsOrDefault => OuterChannels > 0 ? OuterChannels : HiddenChannels;

    internal ImageCodecOptions Copy() => (ImageCodecOptions)MemberwiseClone();
}
