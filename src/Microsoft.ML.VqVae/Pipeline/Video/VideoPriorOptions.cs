using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="VideoPriorEstimator"/>: the network and its training.</summary>
/// <remarks>The default of <see cref="NetworkOptions.PredictionBatchSize"/> is 32.</remarks>
public sealed class VideoPriorOptions : NetworkOptions
{
    /// <summary>The default of <see cref="NetworkOptions.PredictionBatchSize"/>.</summary>
    public new const int DefaultPredictionBatchSize = 32;

    /// <summary>Creates options with the default settings.</summary>
    public VideoPriorOptions() => PredictionBatchSize = DefaultPredictionBatchSize;

    /// <summary>The network. The grid, K and the number of actions are taken from the columns.</summary>
    /// <value>The default has a context of 4 frames.</value>
    public VideoCodePriorOptions Network { get; set; } = new();

    /// <summary>The settings for a CPU: narrow networks, and 2,000 steps with warmup and linear decay of the learning rate. Training takes
    /// minutes for grids of 21×21 codes.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static VideoPriorOptions Fast() => new()
    {
        Network = new VideoCodePriorOptions
        {
            Frame = new PixelCnnOptions { Layers = 4, Channels = 48, SkipChannels = 128 },
            ContextFrames = 4,
            EmbeddingChannels = 32,
            ContextChannels = 48,
            MotionKernelSize = 9,
            ContextBlocks = 3,
            ContextNoise = 0.05,
        },
        Training = new TrainingOptions
        {
            LearningRate = 2e-3,
            BatchSize = 8,
            Steps = 2000,
            Schedule = LearningRateSchedule.WarmupHoldLinear(holdUntilFraction: 0.4, finalFraction: 0.02),
        },
    };

    private protected override string Method => "VideoPrior";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Network is not null, nameof(Network), "set", Network);
        Network?.WithOpenSizes().Describe(problems);
    }
}
