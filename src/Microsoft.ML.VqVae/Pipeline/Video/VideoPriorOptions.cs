using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="VideoPriorEstimator"/>: the network and its training.</summary>
/// <remarks>The default of <see cref="NetworkOptions.PredictionBatchSize"/> is 32.</remarks>
public sealed class VideoPriorOptions : NetworkOptions
{
    /// <summary>Number of frames that the network is given at once when a data view is read, unless set otherwise.</summary>
    public new const int DefaultPredictionBatchSize = 32;

    /// <summary>Creates the default settings.</summary>
    public VideoPriorOptions() => PredictionBatchSize = DefaultPredictionBatchSize;

    /// <summary>The network. The grid, K and the number of actions are taken from the columns.</summary>
    /// <value>The default looks back 4 frames.</value>
    public VideoCodePriorOptions Network { get; set; } = new();

    /// <summary>Creates settings for a CPU: narrow networks, and a learning rate that rises, holds and falls. Training takes minutes on
    /// grids of 21×21 codes.</summary>
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
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 100, holdUntilFraction: 0.4, finalFraction: 0.02),
        },
    };

    private protected override string Method => "VideoPrior";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Network is not null, nameof(Network), "set", Network);
        Network?.WithOpenSizes().Describe(problems);
    }
}
