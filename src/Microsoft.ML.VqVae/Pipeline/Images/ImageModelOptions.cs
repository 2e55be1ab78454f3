using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings that all models of images have: encoder and decoder, training, how the pixels lie in their column, and the columns
/// of decoded images.</summary>
public abstract class ImageModelOptions : NetworkOptions
{
    private protected ImageModelOptions()
    {
    }

    /// <summary>The encoder and decoder. Height, width and channels are taken from the column where they are 0; what a byte is, always,
    /// from <see cref="ImageOffset"/> and <see cref="ImageScale"/>.</summary>
    /// <value>The default is the paper's network, 256 channels wide.</value>
    public ImageCodecOptions Codec { get; set; } = new();

    /// <summary>The order of the values in a vector column. It says nothing about a column of MLImage, except how a reconstruction in a
    /// vector is laid out.</summary>
    /// <value>The default is <see cref="PixelLayout.FromColumn"/>.</value>
    public PixelLayout Layout { get; set; } = PixelLayout.FromColumn;

    /// <summary>The name of a column for the decoded images, in the layout and the units of the input, never outside of the range that
    /// training saw.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionColumnName { get; set; }

    /// <summary>Whether the reconstruction is an MLImage instead of a Vector&lt;Single&gt;.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool ReconstructionAsImage { get; set; }

    /// <summary>The name of a column for −log2 p(x|z), a Single: the bits that the row's pixels cost as bytes when the latents are known,
    /// by <see cref="ImageCodecOptions.PixelLikelihood"/>, summed over the row.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionBitsColumnName { get; set; }

    /// <summary>With <see cref="ImageScale"/>: what a vector's values mean when pictures are made of them and when bits are counted. A byte
    /// b stands in the column as (b − offset) · scale, as ExtractPixels puts it there.</summary>
    /// <value>The default is 0.</value>
    public float ImageOffset { get; set; }

    /// <summary>See <see cref="ImageOffset"/>.</summary>
    /// <value>Not 0. The default is 1.</value>
    public float ImageScale { get; set; } = 1;

    /// <summary>Whether pixels are looked at as bytes, in training or in a column.</summary>
    internal bool CountsBits => Codec.PixelLikelihood != PixelLikelihood.UnitGaussian || ReconstructionBitsColumnName is not null;

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

    // Sizes that are not known yet are no problem yet.
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
