using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="VideoPriorEstimator"/>: the network and its training.</summary>
/// <remarks>The defaults are for a CPU: narrow networks, and 2,000 steps with warmup and linear decay of the learning rate. Training takes
/// minutes for grids of 21×21 codes. The default of <see cref="NetworkOptions.PredictionBatchSize"/> is 32.</remarks>
public sealed class VideoPriorOptions : NetworkOptions
{
    /// <summary>The default of <see cref="NetworkOptions.PredictionBatchSize"/>.</summary>
    public new const int DefaultPredictionBatchSize = 32;

    /// <summary>Creates options with the default settings.</summary>
    public VideoPriorOptions()
    {
        PredictionBatchSize = DefaultPredictionBatchSize;
        Training = new()
        {
            LearningRate = 2e-3,
            BatchSize = 8,
            Steps = 2000,
            Schedule = LearningRateSchedule.WarmupHoldLinear(holdUntilFraction: 0.4, finalFraction: 0.02),
        };
    }

    /// <summary>The network. The grid, K and the number of actions are taken from the columns.</summary>
    /// <value>The default has a context of 4 frames.</value>
    public VideoCodePriorOptions Network { get; set; } = new();

    /// <summary>The default settings.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static VideoPriorOptions Fast() => new();

    /// <summary>The settings for a GPU: 6 layers of 64 channels inside a frame, 4 blocks of 64 channels over the frames before, and 10
    /// epochs.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static VideoPriorOptions Large() => new()
    {
        Network = new() { Frame = new() { Layers = 6, Channels = 64, SkipChannels = 128 }, ContextChannels = 64, ContextBlocks = 4 },
        Training = new() { Epochs = TrainingOptions.DefaultEpochs },
    };

    private protected override string Method => "VideoPrior";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Network is not null, nameof(Network), "set", Network);
        Network?.WithOpenSizes().Describe(problems);
    }
}
