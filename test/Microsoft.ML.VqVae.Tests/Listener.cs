using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests;

/// <summary>Calls an action with each report of a training, on the thread that reports.</summary>
internal sealed class Listener(Action<TrainingProgress> action) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => action(value);
}
