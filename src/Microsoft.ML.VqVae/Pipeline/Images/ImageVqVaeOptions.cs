using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="ImageVqVaeEstimator"/>: the network, its training, and the output columns besides the
/// codes.</summary>
/// <remarks>The defaults are for a CPU: a narrow network, a codebook learned by moving averages, initialized from the data and with
/// restarts of dead codes, and 2,500 steps with warmup and linear decay of the learning rate. Training takes minutes for images of 28×28 or
/// 32×32 pixels. The models of the paper (van den Oord et al. 2017, arXiv 1711.00937, section 4.1) are presets: <see cref="Cifar10"/>,
/// <see cref="ImageNet128"/> and <see cref="DeepMindLab84"/>.</remarks>
public sealed class ImageVqVaeOptions : ImageModelOptions
{
    /// <summary>The quantizer: <see cref="VectorQuantizerOptions"/>, or the options of another quantizer.</summary>
    /// <value>The default is a vector quantizer with one codebook of 512 codes, learned by moving averages from step 200 on.</value>
    public QuantizerOptions Quantizer { get; set; } = new VectorQuantizerOptions { UnquantizedSteps = 200 }.AsPreset();

    /// <summary>The settings of <see cref="Quantizer"/>, which must be a vector quantizer.</summary>
    /// <exception cref="InvalidOperationException">The quantizer is not a vector quantizer.</exception>
    public VectorQuantizerOptions VectorQuantizer => Quantizer.AsVectorQuantizer();

    /// <summary>The name of a column for the code vectors of the image: Vector&lt;Single, h, w, D·G&gt;.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EmbeddingsColumnName { get; set; }

    /// <summary>The name of a column for the encoder outputs before quantization, Vector&lt;Single, h, w, D·G&gt;: what <see cref="FeatureEstimator"/>
    /// may read instead of the codes.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EncoderOutputsColumnName { get; set; }

    /// <summary>The name of a column for the mean squared error between image and reconstruction: a Single, in squared units of the
    /// input.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionErrorColumnName { get; set; }

    private protected override string Method => "EncodeImages";

    private protected override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        QuantizerOptions.Describe(Quantizer, Training?.Steps, problems);
        RequireName(problems, nameof(EmbeddingsColumnName), EmbeddingsColumnName);
        RequireName(problems, nameof(EncoderOutputsColumnName), EncoderOutputsColumnName);
        RequireName(problems, nameof(ReconstructionErrorColumnName), ReconstructionErrorColumnName);
    }

    /// <summary>The settings of the paper for CIFAR-10 (section 4.1 of arXiv 1711.00937): 32×32×3 pixels, 8×8×10 codes out of 512, 256
    /// channels. Training takes days on a CPU; use a GPU.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVqVaeOptions Cifar10() => Paper(side: 32, codesPerPosition: 10);

    /// <summary>The settings of the paper for ImageNet (section 4.1): 128×128×3 pixels, 32×32×1 codes out of 512. Training takes days on a
    /// CPU; use a GPU.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVqVaeOptions ImageNet128() => Paper(side: 128, codesPerPosition: 1);

    /// <summary>The settings of the paper for DeepMind Lab frames (sections 4.1 and 4.4): 84×84×3 pixels, 21×21×1 codes out of 512.
    /// Training takes days on a CPU; use a GPU.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVqVaeOptions DeepMindLab84() => Paper(side: 84, codesPerPosition: 1);

    /// <summary>The default settings.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVqVaeOptions Fast() => new();

    /// <summary>The settings for features: the defaults, with a column of encoder outputs for <see cref="FeatureOptions.InputColumnName"/>.
    /// Codecs of 128 channels, with codes of 16 numbers, or with 128 codes made no better features (docs/features.md).</summary>
    /// <param name="encoderOutputsColumnName">The name of the column of encoder outputs.</param>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVqVaeOptions ForFeatures(string encoderOutputsColumnName = "Outputs") =>
        new() { EncoderOutputsColumnName = encoderOutputsColumnName };

    /// <summary>The settings for video on a CPU: the defaults with smaller batches, since frames are larger, and half as many codes, for
    /// the prior. Training takes minutes for frames of 84×84 pixels.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVqVaeOptions FastVideo()
    {
        var options = new ImageVqVaeOptions();
        options.VectorQuantizer.Codes = 256;
        options.VectorQuantizer.Dimensions = 32;
        options.Training.BatchSize = 16;
        options.Training.Steps = 1200;
        return options;
    }

    static ImageVqVaeOptions Paper(int side, int codesPerPosition)
    {
        var options = new ImageVqVaeOptions
        {
            Quantizer = new VectorQuantizerOptions
            {
                Codes = 512,
                Dimensions = 64,
                CodesPerPosition = codesPerPosition,
                CommitmentCost = 0.25,
                Learning = CodebookLearning.Gradient,
                InitializeFromData = false,
                RestartEverySteps = 0,
            },
        };
        options.SetPaperSettings(side);
        return options;
    }
}
