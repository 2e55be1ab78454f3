using System.Globalization;
using System.Text;
using static System.FormattableString;

namespace Microsoft.ML.VqVae.Training;

/// <summary>A progress report of a training run. Losses, perplexity and speed are those of the steps since the last report.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Loss">Mean of the total loss.</param>
/// <param name="Terms">Means of the named terms of the loss.</param>
/// <param name="Perplexity">exp of the entropy of the codes chosen, averaged over codebooks; null for a network without codes.</param>
/// <param name="ExamplesPerSecond">Training examples per second.</param>
/// <param name="Elapsed">Time in training, that before a resume included.</param>
/// <param name="Remaining">Estimated time until the last step; <see cref="TimeSpan.MaxValue"/> for any longer one.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="ValidationLoss">Latest loss on the held-out examples; null before the first measurement.</param>
public sealed record TrainingProgress(
    long Step,
    long TotalSteps,
    double Loss,
    IReadOnlyDictionary<string, double> Terms,
    double? Perplexity,
    double ExamplesPerSecond,
    TimeSpan Elapsed,
    TimeSpan Remaining,
    double LearningRate,
    double? ValidationLoss)
{
    /// <summary>Means of the parts that add up to the loss, by name; empty for a loss of one part. (A term of <see cref="Terms"/> may be in
    /// other units than the loss, such as a squared error.)</summary>
    public IReadOnlyDictionary<string, double> Parts { get; init; } = new Dictionary<string, double>();

    /// <summary>Share of the run that is done: 0 … 1.</summary>
    public double Fraction => (double)Step / TotalSteps;

    /// <summary>The report as a line for a log.</summary>
    /// <returns>For example <c>Step 120 of 1500: loss 0.1234 (reconstruction 0.1012 + quantizer 0.0222), perplexity 231.4, 690 examples/s,
    /// 0:01:23 left</c>. What is in parentheses adds up to the loss. For a loss of one part, its terms follow instead. The time that is left
    /// is missing where it is <see cref="TimeSpan.MaxValue"/>.</returns>
    public override string ToString()
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"Step {Step} of {TotalSteps}: loss {Loss:G4}");
        if (Parts.Count > 0)
            line.Append(" (").AppendJoin(" + ", Parts.Select(part => Invariant($"{part.Key} {part.Value:G4}"))).Append(')');
        else if (Terms.Count > 0)
            line.Append(", ").AppendJoin(", ", Terms.Select(term => Invariant($"{term.Key} {term.Value:G4}")));
        if (ValidationLoss is { } validation)
            line.Append(CultureInfo.InvariantCulture, $", validation loss {validation:G4}");
        if (Perplexity is { } perplexity)
            line.Append(CultureInfo.InvariantCulture, $", perplexity {perplexity:F1}");
        line.Append(CultureInfo.InvariantCulture, $", {ExamplesPerSecond:G4} examples/s");
        // No number of hours helps where the end is out of reach.
        if (Remaining < TimeSpan.MaxValue)
            line.Append(CultureInfo.InvariantCulture, $", {(int)Remaining.TotalHours}:{Remaining:mm\\:ss} left");
        return line.ToString();
    }
}

/// <summary>The result of a training run.</summary>
/// <param name="Steps">Steps done, those before a resume included.</param>
/// <param name="TotalSteps">Steps that the run was planned for; larger than <paramref name="Steps"/> after an early stop.</param>
/// <param name="ResumedFromStep">Steps that a checkpoint had done already; null for a run from the start.</param>
/// <param name="StoppedEarly">Whether the validation loss ended the run.</param>
/// <param name="Last">The last progress report.</param>
/// <param name="BestValidationLoss">Lowest loss on the held-out examples; null without any.</param>
/// <param name="BestValidationStep">Steps done when it was measured.</param>
/// <param name="Elapsed">Time in training, that before a resume included.</param>
/// <param name="LearningCurve">Progress reports over the whole run, thinned out evenly where there were many.</param>
public sealed record TrainingSummary(
    long Steps,
    long TotalSteps,
    long? ResumedFromStep,
    bool StoppedEarly,
    TrainingProgress Last,
    double? BestValidationLoss,
    long? BestValidationStep,
    TimeSpan Elapsed,
    IReadOnlyList<TrainingProgress> LearningCurve)
{
    /// <summary>Whether the run was canceled and returned the model so far, see <see cref="TrainingOptions.ReturnModelWhenCanceled"/>: the
    /// weights are those of <see cref="BestValidationStep"/> if the validation loss was measured, or else those of the last step.</summary>
    public bool Canceled { get; init; }
}

/// <summary>Measures the time of a run and reports its progress.</summary>
internal sealed class ProgressReporter(TrainingOptions options, Action<string>? report, Action<string>? warn, TimeProvider time)
{
    // Few enough lines for a log of hours, enough to see that something happens.
    static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    long start = time.GetTimestamp();
    long firstStep;
    TimeSpan elapsedBefore;
    long intervalStart;
    TimeSpan paused;
    long? lastLine;

    /// <summary>A reporter that only measures the time.</summary>
    internal static ProgressReporter Silent(TrainingOptions options, TimeProvider time)
    {
        TrainingOptions silent = options.Copy();
        silent.Progress = null;
        return new ProgressReporter(silent, report: null, warn: null, time);
    }

    /// <summary>Time in training, that before a resume included.</summary>
    internal TimeSpan Elapsed => elapsedBefore + time.GetElapsedTime(start);

    internal void Begin(TrainingState state)
    {
        (start, firstStep, elapsedBefore) = (time.GetTimestamp(), state.Step, state.Elapsed);
        intervalStart = start;
    }

    /// <summary>Runs an action whose time is not counted in <see cref="TrainingProgress.ExamplesPerSecond"/>.</summary>
    internal void Pause(Action action)
    {
        long begin = time.GetTimestamp();
        action();
        paused += time.GetElapsedTime(begin);
    }

    /// <summary>Reads the meter and creates a progress report.</summary>
    internal TrainingProgress Progress(TrainingState state, BatchPlan plan, LossMeter meter, double learningRate)
    {
        (long examples, long batches) = (meter.Examples, meter.Batches);
        (double loss, Dictionary<string, double>? terms, Dictionary<string, double>? parts, double? perplexity) = meter.Read();
        // Taken after the reading, which waits for the device.
        TimeSpan interval = time.GetElapsedTime(intervalStart) - paused;
        TimeSpan running = time.GetElapsedTime(start);
        long stepsHere = Math.Max(1, state.Step - firstStep);
        // After a resume the meter also holds batches of the former process, whose time is not in the interval.
        double timed = batches > stepsHere ? (double)examples * stepsHere / batches : examples;
        var progress = new TrainingProgress(
            state.Step,
            plan.TotalSteps,
            loss,
            terms,
            perplexity,
            interval > TimeSpan.Zero ? timed / interval.TotalSeconds : 0,
            elapsedBefore + running,
            Times(running, (double)(plan.TotalSteps - state.Step) / stepsHere),
            learningRate,
            state.ValidationLoss) { Parts = parts };
        (intervalStart, paused) = (time.GetTimestamp(), TimeSpan.Zero);
        return progress;
    }

    /// <summary>A multiple of a time, or the longest time there is.</summary>
    static TimeSpan Times(TimeSpan time, double factor)
    {
        double ticks = Math.Round(time.Ticks * factor);
        return ticks < TimeSpan.MaxValue.Ticks ? TimeSpan.FromTicks((long)ticks) : TimeSpan.MaxValue;
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

    internal void Warn(string text) => (warn ?? report)?.Invoke(text);
}

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
