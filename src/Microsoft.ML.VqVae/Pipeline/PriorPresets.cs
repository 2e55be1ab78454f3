using Microsoft.ML.VqVae.Priors;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

public sealed partial class PriorOptions
{
    /// <summary>Made for a CPU: narrow networks, dropout, and a few thousand steps at a learning rate that rises, holds and falls. Minutes
    /// for pictures of 7×7 or 8×8 codes.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static PriorOptions Fast() => new()
    {
        PixelCnn = new() { Layers = 8, Channels = 64, Dropout = 0.1 },
        WaveNet = WaveNetPriorOptions.Fast(),
        Training = new()
        {
            LearningRate = 2e-3,
            BatchSize = 64,
            Steps = 2500,
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 100, holdUntilFraction: 0.4, finalFraction: 0.02),
        },
    };
}
