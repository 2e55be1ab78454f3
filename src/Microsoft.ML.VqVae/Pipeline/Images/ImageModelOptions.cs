using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The order of the values in a vector of pixels.</summary>
public enum PixelLayout
{
    /// <summary>The layout is derived from the dimensions of the column: [C, H, W] or [H, W, C]. A vector without dimensions is
    /// planar.</summary>
    FromColumn,

    /// <summary>Channel by channel, [C, H, W], as ExtractPixels outputs pixels by default.</summary>
    Planar,

    /// <summary>Pixel by pixel, [H, W, C], as ExtractPixels outputs them with <c>interleavePixelColors</c>.</summary>
    Interleaved,
}

/// <summary>The settings common to all image models: encoder and decoder, training, the layout of pixels, and columns of decoded
/// images.</summary>
public abstract class ImageModelOptions : NetworkOptions
{
    // Number of training steps of the image models of the paper (section 4.1 of arXiv 1711.00937).
    const int PaperSteps = 250_000;

    private protected ImageModelOptions() => Training = new()
    {
        LearningRate = 2e-3,
        BatchSize = 64,
        Steps = 2500,
        Schedule = LearningRateSchedule.WarmupHoldLinear(holdUntilFraction: 0.4, finalFraction: 0.02),
    };

    /// <summary>The encoder and decoder. Height, width and channels are taken from the column if they are 0; the values of bytes are given
    /// by <see cref="ImageOffset"/> and <see cref="ImageScale"/>.</summary>
    /// <value>The default is the network of the paper (section 4.1 of arXiv 1711.00937) with 64 channels instead of 256.</value>
    public ImageCodecOptions Codec { get; set; } = new();

    /// <summary>The order of the values in a vector column. For a column of MLImage, it is the order of the values in a reconstruction
    /// vector.</summary>
    /// <value>The default is <see cref="PixelLayout.FromColumn"/>.</value>
    public PixelLayout Layout { get; set; } = PixelLayout.FromColumn;

    /// <summary>The name of a column for the decoded images, in the layout and units of the input, clamped to the value range of the
    /// training data.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionColumnName { get; set; }

    /// <summary>Whether the reconstruction is an MLImage instead of a Vector&lt;Single&gt;. The values of a vector column must then be
    /// bytes by <see cref="ImageOffset"/> and <see cref="ImageScale"/>.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool ReconstructionAsImage { get; set; }

    /// <summary>The name of a column for −log2 p(x|z), a Single: the bits of the pixels of the row as bytes given the latents, under
    /// <see cref="ImageCodecOptions.PixelLikelihood"/>, summed over the row.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionBitsColumnName { get; set; }

    /// <summary>The offset that converts between vector values and bytes, for decoded images and bits: a byte b has the value
    /// (b − <see cref="ImageOffset"/>) · <see cref="ImageScale"/> in the column, as in the output of ExtractPixels. A column of
    /// Byte is converted to these values.</summary>
    /// <value>The default is 0.</value>
    public float ImageOffset { get; set; }

    /// <summary>The scale that converts between vector values and bytes; see <see cref="ImageOffset"/>.</summary>
    /// <value>Not 0. The default is 1.</value>
    public float ImageScale { get; set; } = 1;

    /// <summary>Whether pixels are interpreted as bytes, in training or in a column.</summary>
    internal bool TakesBytes => Codec.PixelLikelihood != PixelLikelihood.UnitGaussian || ReconstructionBitsColumnName is not null
        || ReconstructionAsImage;

    /// <summary>The settings of the pixels of the column.</summary>
    internal PixelSettings Pixels => new(
        Codec.Height, Codec.Width, Codec.Channels, Layout, $"{nameof(Codec)}.", TakesClips: this is ImageVqVaeOptions, ImageOffset, ImageScale);

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Codec is not null, nameof(Codec), "set", Codec);
        if (Codec is not null)
            CodecWithSizes(Codec).Describe(problems);
        problems.Require(Enum.IsDefined(Layout), nameof(Layout), $"one of {string.Join(", ", Enum.GetNames<PixelLayout>())}", Layout);
        problems.Require(float.IsFinite(ImageOffset), nameof(ImageOffset), "a finite number", ImageOffset);
        problems.Require(float.IsFinite(ImageScale) && ImageScale != 0, nameof(ImageScale), "a finite number other than 0", ImageScale);
        RequireName(problems, nameof(ReconstructionColumnName), ReconstructionColumnName);
        RequireName(problems, nameof(ReconstructionBitsColumnName), ReconstructionBitsColumnName);
        problems.Require(!ReconstructionAsImage || ReconstructionColumnName is not null, nameof(ReconstructionColumnName),
            $"set with {nameof(ReconstructionAsImage)}", ReconstructionColumnName);
    }

    /// <summary>Applies the network and the schedule of the paper, except for the distribution of the pixels.</summary>
    /// <param name="side">Height and width of the images in pixels.</param>
    private protected void SetPaperSettings(int side)
    {
        (Codec.Height, Codec.Width, Codec.Channels) = (side, side, 3);
        (Codec.HiddenChannels, Codec.OuterChannels, Codec.ResidualChannels, Codec.ResidualBlocks) = (256, 256, 256, 2);
        Training = new()
        {
            LearningRate = TrainingOptions.DefaultLearningRate, BatchSize = TrainingOptions.DefaultBatchSize, Steps = PaperSteps,
        };
    }

    // Sizes that are taken from the column are not checked.
    static ImageCodecOptions CodecWithSizes(ImageCodecOptions codec)
    {
        codec = codec.Copy();
        int step = 1 << Math.Clamp(codec.Downsamplings, 1, 8);
        codec.Height = codec.Height == 0 ? step : codec.Height;
        codec.Width = codec.Width == 0 ? step : codec.Width;
        codec.Channels = codec.Channels == 0 ? 1 : codec.Channels;
        return codec;
    }
}
