using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The one training loop of the library.</summary>
internal static class TrainingLoop
{
    /// <summary>Trains a network.</summary>
    /// <remarks>On a CPU the same task, options and number of threads give the same weights, bit for bit, with or without interruptions.
    /// torch's global generator is not touched.</remarks>
    /// <param name="task">The network, its examples and its loss.</param>
    /// <param name="options">How to train.</param>
    /// <param name="device">Where the network and its batches are computed; the network is moved there.</param>
    /// <param name="report">Receives a line of text every few seconds, for a log.</param>
    /// <returns>What the run came to. Besides the network's own, no tensor outlives the call.</returns>
    /// <exception cref="ArgumentException">The options are wrong, or leave no example to train on.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    /// <exception cref="NotFiniteNumberException">A loss became NaN or infinite.</exception>
    /// <exception cref="InvalidOperationException">The folder holds the checkpoint of another run.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is truncated or no checkpoint.</exception>
    public static TrainingSummary Run(TrainingTask task, TrainingOptions options, Device device, Action<string>? report = null) =>
        Run(task, options, device, report, TimeProvider.System);

    internal static TrainingSummary Run(
        TrainingTask task, TrainingOptions options, Device device, Action<string>? report, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(device);
        options.Validate();
        var plan = new BatchPlan(task.Examples.Count, options);
        using var run = new TrainingRun(task, options, plan, device, new ProgressReporter(options, report, time));
        return run.ToTheEnd();
    }
}
