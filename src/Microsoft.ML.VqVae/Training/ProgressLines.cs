namespace Microsoft.ML.VqVae.Training;

/// <summary>Writes the progress of training as lines of text: <c>options.Training.Progress = new ProgressLines()</c>.</summary>
/// <param name="writer">The writer, used on the training thread; null, the default, for <see cref="Console.Out"/>.</param>
/// <param name="interval">The shortest time between two lines; null, the default, for 5 seconds. The first report of a run and that of the
/// last step of its plan are always written.</param>
public sealed class ProgressLines(TextWriter? writer = null, TimeSpan? interval = null) : IProgress<TrainingProgress>
{
    static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(5);

    readonly TimeSpan _interval = interval ?? DefaultInterval;
    long? _lastLine;
    long _lastStep;

    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Writes a line, unless the last one is too recent.</summary>
    /// <param name="value">The report.</param>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        // Another run begins again with few steps.
        bool goesOn = value.Step > _lastStep;
        _lastStep = value.Step;
        if (_lastLine is long last && goesOn && value.Step < value.TotalSteps && Time.GetElapsedTime(last) < _interval)
            return;
        _lastLine = Time.GetTimestamp();
        (writer ?? Console.Out).WriteLine(value);
    }
}
