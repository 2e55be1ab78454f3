using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

public sealed partial class PriorOptions
{
    /// <summary>Made for a CPU: narrow networks, and a thousand steps at a learning rate that rises, holds and falls. Minutes for pictures
    /// of 7×7 or 8×8 codes.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static PriorOptions Fast() => new()
    {
        PixelCnn = PixelCnnOptions.Fast(),
        WaveNet = WaveNetPriorOptions.Fast(),
        Training = new()
        {
            LearningRate = 2e-3,
            BatchSize = 64,
            Steps = 1000,
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 50, holdUntilFraction: 0.4, finalFraction: 0.02),
        },
    };
}
