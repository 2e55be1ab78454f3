using Microsoft.ML.VqVae.Tests.Samples;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>A training that is canceled and resumes from its checkpoint, beside one that is not.</summary>
static class InterruptedTraining
{
    const int CanceledAt = 3;

    /// <summary>Checks that both end with the same weights, and that the second part of the canceled one begins where it was canceled.</summary>
    /// <param name="precision">The precision of training.</param>
    /// <param name="train">Sets the options of a training of six steps, trains, saves the weights to a file, and returns the result of
    /// the run.</param>
    public static void EndsWithTheSameBits(TrainingPrecision precision, Func<Action<TrainingOptions>, string, TrainingSummary> train)
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        (string expected, _) = Train(checkpoints: null, interrupt: false);
        Assert.ThrowsExactly<OperationCanceledException>(() => Train(folder.File("run"), interrupt: true));
        (string weights, TrainingSummary resumed) = Train(folder.File("run"), interrupt: false);
        Assert.AreEqual(expected, weights);
        // A training from the start would end with the same bits.
        Assert.AreEqual(CanceledAt, resumed.ResumedFromStep);

        (string Weights, TrainingSummary Summary) Train(string? checkpoints, bool interrupt)
        {
            string file = folder.File("weights");
            TrainingSummary summary = train(
                options =>
                {
                    (options.Precision, options.ValidationFraction, options.CheckpointFolder) = (precision, 0.2, checkpoints);
                    if (interrupt)
                    {
                        (options.CancellationToken, options.ProgressEverySteps) = (cancellation.Token, 1);
                        options.Progress = new AtStep(CanceledAt, cancellation);
                    }
                },
                file);
            return (Convert.ToHexString(File.ReadAllBytes(file)), summary);
        }
    }

    sealed class AtStep(long step, CancellationTokenSource cancellation) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step >= step)
                cancellation.Cancel();
        }
    }
}
