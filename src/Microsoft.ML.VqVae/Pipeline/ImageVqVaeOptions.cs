using Microsoft.ML.VqVae.Codecs;
using Microsoft.ML.VqVae.Quantization;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="ImageVqVaeEstimator"/>: the network, its training, and the columns that are made besides the
/// codes.</summary>
/// <remarks>The defaults are the paper's network (van den Oord et al. 2017, arXiv 1711.00937), made for a GPU; <see cref="Fast"/> is made
/// for a CPU.</remarks>
public sealed partial class ImageVqVaeOptions
{
    /// <summary>The number of images that the network is given at once when a data view is read, where nothing else is set.</summary>
    public const int DefaultPredictionBatchSize = 64;

    /// <summary>The encoder and decoder. Height, width and channels are taken from the column where they are 0.</summary>
    /// <value>The default is the paper's network, 256 channels wide.</value>
    public ImageCodecOptions Codec { get; set; } = new();

    /// <summary>The codebook: how many codes, of how many dimensions, and how they learn.</summary>
    /// <value>The default is one codebook of 512 codes, learnt by gradient.</value>
    public VectorQuantizerOptions Quantizer { get; set; } = new();

    /// <summary>Steps, learning rate, seed, progress, cancellation, checkpoints. A seed of null is the MLContext's; where that has none
    /// either, it is 0 with a checkpoint folder and another one each time without.</summary>
    /// <value>The default is Adam at 2e-4, batches of 128, 10 epochs.</value>
    public TrainingOptions Training { get; set; } = new();

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

    /// <summary>The name of a column for the code vectors that stand for the image: Vector&lt;Single, h, w, D·G&gt;.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EmbeddingsColumnName { get; set; }

    /// <summary>The name of a column for the mean squared difference between image and reconstruction, a Single in squared units of the
    /// input.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionErrorColumnName { get; set; }

    /// <summary>With <see cref="ImageScale"/>: what a vector's values mean when pictures are made of them. A byte b stands in the column as
    /// (b − offset) · scale, as ExtractPixels puts it there.</summary>
    /// <value>The default is 0.</value>
    public float ImageOffset { get; set; }

    /// <summary>See <see cref="ImageOffset"/>.</summary>
    /// <value>Not 0. The default is 1.</value>
    public float ImageScale { get; set; } = 1;

    /// <summary>How many rows a cursor reads ahead and gives to the network at once.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int PredictionBatchSize { get; set; } = DefaultPredictionBatchSize;

    /// <summary>Checks all settings together; sizes that are to be taken from the column are not checked.</summary>
    /// <exception cref="ArgumentException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of EncodeImages cannot be used");
        problems.Require(Codec is not null, nameof(Codec), "set", Codec);
        problems.Require(Quantizer is not null, nameof(Quantizer), "set", Quantizer);
        problems.Require(Training is not null, nameof(Training), "set", Training);
        if (Codec is not null)
            CodecWithSizes(Codec).Describe(problems);
        Quantizer?.Describe(problems);
        foreach (string problem in Training?.Problems() ?? [])
            problems.Add(nameof(Training), problem.TrimEnd('.'));
        problems.Require(Enum.IsDefined(Layout), nameof(Layout), $"one of {string.Join(", ", Enum.GetNames<PixelLayout>())}", Layout);
        problems.Require(float.IsFinite(ImageOffset), nameof(ImageOffset), "a finite number", ImageOffset);
        problems.Require(float.IsFinite(ImageScale) && ImageScale != 0, nameof(ImageScale), "a finite number other than 0", ImageScale);
        problems.AtLeast(nameof(PredictionBatchSize), PredictionBatchSize, 1);
        problems.Require(ReconstructionColumnName != "", nameof(ReconstructionColumnName), "a name or null", "\"\"");
        problems.Require(EmbeddingsColumnName != "", nameof(EmbeddingsColumnName), "a name or null", "\"\"");
        problems.Require(ReconstructionErrorColumnName != "", nameof(ReconstructionErrorColumnName), "a name or null", "\"\"");
        problems.Require(!ReconstructionAsImage || ReconstructionColumnName is not null, nameof(ReconstructionColumnName),
            $"set with {nameof(ReconstructionAsImage)}", ReconstructionColumnName);
        problems.ThrowIfAny();
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
