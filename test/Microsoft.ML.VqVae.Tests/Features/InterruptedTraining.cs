using Microsoft.ML.VqVae.Tests.Samples;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>A training that is canceled and resumes from its checkpoint, beside one that is not.</summary>
static class InterruptedTraining
{
    const int CanceledAt = 3;

    /// <summary>Checks that both end with the same weights.</summary>
    /// <param name="precision">The precision of training.</param>
    /// <param name="train">Sets the options of a training of six steps, trains, and saves the weights to a file.</param>
    public static void EndsWithTheSameBits(TrainingPrecision precision, Action<Action<TrainingOptions>, string> train)
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        string expected = Train(checkpoints: null, interrupt: false);
        Assert.ThrowsExactly<OperationCanceledException>(() => Train(folder.File("run"), interrupt: true));
        Assert.AreEqual(expected, Train(folder.File("run"), interrupt: false));

        string Train(string? checkpoints, bool interrupt)
        {
            string weights = folder.File("weights");
            train(
                options =>
                {
                    (options.Precision, options.ValidationFraction, options.CheckpointFolder) = (precision, 0.2, checkpoints);
                    if (interrupt)
                    {
                        (options.CancellationToken, options.ProgressEverySteps) = (cancellation.Token, 1);
                        options.Progress = new AtStep(CanceledAt, cancellation);
                    }
                },
                weights);
            return Convert.ToHexString(File.ReadAllBytes(weights));
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
