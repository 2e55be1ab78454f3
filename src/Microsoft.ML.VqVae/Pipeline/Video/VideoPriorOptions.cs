using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="VideoPriorEstimator"/>: the network and its training.</summary>
public sealed class VideoPriorOptions
{
    /// <summary>The number of frames that the network is given at once when a data view is read, where nothing else is set.</summary>
    public const int DefaultPredictionBatchSize = 32;

    /// <summary>The network. The grid, K and the number of actions are taken from the columns.</summary>
    /// <value>The default looks back 4 frames.</value>
    public VideoCodePriorOptions Network { get; set; } = new();

    /// <summary>Steps, learning rate, seed, progress, cancellation, checkpoints. A seed of null is the MLContext's; where that has none
    /// either, it is 0 with a checkpoint folder and another one each time without.</summary>
    /// <value>The default is Adam at 2e-4, batches of 128, 10 epochs.</value>
    public TrainingOptions Training { get; set; } = new();

    /// <summary>How many rows a cursor reads ahead and gives to the network at once.</summary>
    /// <value>At least 1. The default is 32.</value>
    public int PredictionBatchSize { get; set; } = DefaultPredictionBatchSize;

    /// <summary>Made for a CPU: narrow networks, and a learning rate that rises, holds and falls. Minutes for grids of 21×21
    /// codes.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static VideoPriorOptions Fast() => new()
    {
        Network = new()
        {
            Frame = new() { Layers = 4, Channels = 48, SkipChannels = 128 },
            ContextFrames = 4,
            EmbeddingChannels = 32,
            ContextChannels = 48,
            MotionKernelSize = 9,
            ContextBlocks = 3,
            ContextNoise = 0.05,
        },
        Training = new()
        {
            LearningRate = 2e-3,
            BatchSize = 8,
            Steps = 2000,
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 100, holdUntilFraction: 0.4, finalFraction: 0.02),
        },
    };

    /// <summary>Checks all settings together; what is to be taken from the columns is not checked.</summary>
    /// <exception cref="ArgumentException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of VideoPrior cannot be used");
        problems.Require(Network is not null, nameof(Network), "set", Network);
        problems.Require(Training is not null, nameof(Training), "set", Training);
        if (Network is not null)
            WithSizes(Network).Describe(problems);
        foreach (string problem in Training?.Problems() ?? [])
            problems.Add(nameof(Training), problem.TrimEnd('.'));
        problems.AtLeast(nameof(PredictionBatchSize), PredictionBatchSize, 1);
        problems.ThrowIfAny();
    }

    // What is not known yet is no problem yet.
    static VideoCodePriorOptions WithSizes(VideoCodePriorOptions options)
    {
        if (options.Frame is null)
            return options;
        options = options.Copy();
        options.Frame.Height = options.Frame.Height == 0 ? 1 : options.Frame.Height;
        options.Frame.Width = options.Frame.Width == 0 ? 1 : options.Frame.Width;
        options.Frame.Codes = options.Frame.Codes == 0 ? 2 : options.Frame.Codes;
        options.Actions = options.Actions == 0 ? 1 : options.Actions;
        return options;
    }
}
