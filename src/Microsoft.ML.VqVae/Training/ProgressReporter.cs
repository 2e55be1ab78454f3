using System.Globalization;

namespace Microsoft.ML.VqVae.Training;

/// <summary>Keeps the time of a run and tells the outside how far it is.</summary>
internal sealed class ProgressReporter(TrainingOptions options, Action<string>? report, TimeProvider time)
{
    // Few enough lines for a log of hours, enough to see that something happens.
    static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    long start = time.GetTimestamp();
    long firstStep;
    TimeSpan elapsedBefore;
    long intervalStart;
    TimeSpan paused;
    long? lastLine;

    /// <summary>Time in training, that before a resume included.</summary>
    internal TimeSpan Elapsed => elapsedBefore + time.GetElapsedTime(start);

    internal void Begin(TrainingState state)
    {
        (start, firstStep, elapsedBefore) = (time.GetTimestamp(), state.Step, state.Elapsed);
        intervalStart = start;
    }

    /// <summary>Does something whose time does not count as training in <see cref="TrainingProgress.ExamplesPerSecond"/>.</summary>
    internal void Pause(Action action)
    {
        var begin = time.GetTimestamp();
        action();
        paused += time.GetElapsedTime(begin);
    }

    /// <summary>Reads the meter and tells what it says.</summary>
    internal TrainingProgress Progress(TrainingState state, BatchPlan plan, LossMeter meter, double learningRate)
    {
        var (examples, batches) = (meter.Examples, meter.Batches);
        var (loss, terms, perplexity) = meter.Read();
        // Taken after the reading, which waits for the device.
        var interval = time.GetElapsedTime(intervalStart) - paused;
        var running = time.GetElapsedTime(start);
        var stepsHere = Math.Max(1, state.Step - firstStep);
        // After a resume the meter also holds batches of the former process, whose time is not in the interval.
        var timed = batches > stepsHere ? (double)examples * stepsHere / batches : examples;
        var progress = new TrainingProgress(
            state.Step,
            plan.TotalSteps,
            loss,
            terms,
            perplexity,
            interval > TimeSpan.Zero ? timed / interval.TotalSeconds : 0,
            elapsedBefore + running,
            running * ((double)(plan.TotalSteps - state.Step) / stepsHere),
            learningRate,
            state.ValidationLoss);
        (intervalStart, paused) = (time.GetTimestamp(), TimeSpan.Zero);
        return progress;
    }

    internal void Publish(TrainingProgress progress, bool important)
    {
        options.Progress?.Report(progress);
        if (important || lastLine is null || time.GetElapsedTime(lastLine.Value) >= BetweenLines)
        {
            lastLine = time.GetTimestamp();
            report?.Invoke(progress.ToString());
        }
    }

    internal void Line(FormattableString text) => report?.Invoke(text.ToString(CultureInfo.InvariantCulture));
}
