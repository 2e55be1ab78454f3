using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="ImageVqVaeEstimator"/>: the network, its training, and the output columns besides the
/// codes.</summary>
/// <remarks>The defaults are the network of the paper (van den Oord et al. 2017, arXiv 1711.00937, section 4.1), for a GPU. The
/// <see cref="Fast"/> preset is for a CPU.</remarks>
public sealed class ImageVqVaeOptions : ImageModelOptions
{
    /// <summary>The quantizer: <see cref="VectorQuantizerOptions"/>, or the options of another quantizer.</summary>
    /// <value>The default is a vector quantizer with one codebook of 512 codes, learned by gradient.</value>
    public QuantizerOptions Quantizer { get; set; } = new VectorQuantizerOptions();

    /// <summary>The settings of <see cref="Quantizer"/>, which must be a vector quantizer.</summary>
    /// <exception cref="InvalidOperationException">The quantizer is not a vector quantizer.</exception>
    public VectorQuantizerOptions VectorQuantizer => Quantizer.AsVectorQuantizer();

    /// <summary>The name of a column for the code vectors of the image: Vector&lt;Single, h, w, D·G&gt;.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EmbeddingsColumnName { get; set; }

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
        RequireName(problems, nameof(ReconstructionErrorColumnName), ReconstructionErrorColumnName);
    }

    /// <summary>Number of training steps of the image models of the paper (section 4.1 of arXiv 1711.00937).</summary>
    const int PaperSteps = 250_000;

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

    /// <summary>The settings for a CPU: a narrow network, a codebook learned by moving averages, initialized from the data and with
    /// restarts of dead codes, and 2,500 steps with warmup and linear decay of the learning rate. Training takes minutes for images of
    /// 28×28 or 32×32 pixels.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVqVaeOptions Fast() => new()
    {
        Codec = new() { HiddenChannels = 64, OuterChannels = 32, ResidualChannels = 64, ResidualBlocks = 2 },
        Quantizer = new VectorQuantizerOptions
        {
            Codes = 512,
            Dimensions = 64,
            Learning = CodebookLearning.MovingAverage,
            Decay = 0.99,
            InitializeFromData = true,
            UnquantizedSteps = 200,
            RestartEverySteps = 50,
        }.AsPreset(),
        Training = new()
        {
            LearningRate = 2e-3,
            BatchSize = 64,
            Steps = 2500,
            Schedule = LearningRateSchedule.WarmupHoldLinear(holdUntilFraction: 0.4, finalFraction: 0.02),
        },
    };

    /// <summary>The settings of <see cref="Fast"/> for video on a CPU, with smaller batches, since frames are larger, and half as many
    /// codes, for the prior. Training takes minutes for frames of 84×84 pixels.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVqVaeOptions FastVideo()
    {
        ImageVqVaeOptions options = Fast();
        options.VectorQuantizer.Codes = 256;
        options.VectorQuantizer.Dimensions = 32;
        options.Training.BatchSize = 16;
        options.Training.Steps = 1200;
        return options;
    }

    static ImageVqVaeOptions Paper(int side, int codesPerPosition) => new()
    {
        Codec = new() { Height = side, Width = side, Channels = 3, HiddenChannels = 256, ResidualChannels = 256, ResidualBlocks = 2 },
        Quantizer = new VectorQuantizerOptions
        {
            Codes = 512,
            Dimensions = 64,
            CodesPerPosition = codesPerPosition,
            CommitmentCost = 0.25,
            Learning = CodebookLearning.Gradient,
        },
        Training = new()
        {
            LearningRate = TrainingOptions.DefaultLearningRate,
            BatchSize = TrainingOptions.DefaultBatchSize,
            Steps = PaperSteps,
        },
    };
}
