using System.Diagnostics;
using Microsoft.ML.VqVae.Training;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Display;

/// <summary>
/// Shows the stages of a run: as progress bars on a terminal, as plain lines where the output is redirected.
/// </summary>
internal abstract class Stages
{
    /// <summary>The precision of all training; null for that of each sample.</summary>
    public TrainingPrecision? Precision { get; init; }

    /// <summary>Runs a stage, which may report its progress.</summary>
    public abstract T Run<T>(string name, Func<Stage, T> work);

    public void Run(string name, Action<Stage> work) => Run(name, stage =>
    {
        work(stage);
        return true;
    });

    /// <summary>Trains in a stage of its own, with its progress shown.</summary>
    /// <param name="name">The name of the stage.</param>
    /// <param name="options">The options of the training; progress, cancellation and a precision that the user has chosen are set here.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <param name="fit">Trains and returns the model.</param>
    /// <param name="examples">The unit of the training examples.</param>
    public T Train<T>(
        string name, TrainingOptions options, CancellationToken cancellation, Func<T> fit, string examples = "images") => Run(name, stage =>
    {
        options.Progress = new TrainingReport(stage, examples);
        options.CancellationToken = cancellation;
        options.Precision = Precision ?? options.Precision;
        return fit();
    });

    /// <param name="console">The console that shows them.</param>
    /// <param name="precision">The precision of all training; null for that of each sample.</param>
    /// <param name="work">Runs the stages.</param>
    public static T Show<T>(IAnsiConsole console, TrainingPrecision? precision, Func<Stages, T> work) =>
        console.Profile.Capabilities is not { Interactive: true, Ansi: true } || Console.IsOutputRedirected
            ? work(new PlainStages(console.Profile.Out.Writer) { Precision = precision })
            : console.Progress()
                .Columns(
                    new TaskDescriptionColumn { Alignment = Justify.Left },
                    new ProgressBarColumn { Width = 12 },
                    new PercentageColumn())
                .Start(context => work(new LiveStages(context) { Precision = precision }));

    sealed class LiveStages(ProgressContext context) : Stages
    {
        public override T Run<T>(string name, Func<Stage, T> work)
        {
            var watch = Stopwatch.StartNew();
            ProgressTask task = context.AddTask(Markup.Escape(name), maxValue: 1);
            // An indeterminate bar until the stage reports its progress.
            task.IsIndeterminate = true;
            T result = work(new Stage((fraction, detail) =>
            {
                task.IsIndeterminate = false;
                task.Value = fraction;
                // Replaces the name, since both do not fit into eighty columns.
                task.Description = Markup.Escape(detail);
            }));
            task.IsIndeterminate = false;
            task.Value = 1;
            task.Description = Markup.Escape($"{name}, {watch.Elapsed.TotalSeconds:0.0} s");
            task.StopTask();
            return result;
        }
    }

    /// <summary>Writes lines without Spectre.Console, which would wrap them at the width of a terminal.</summary>
    sealed class PlainStages(TextWriter output) : Stages
    {
        static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

        public override T Run<T>(string name, Func<Stage, T> work)
        {
            output.WriteLine($"{name} …");
            var watch = Stopwatch.StartNew();
            TimeSpan next = BetweenLines;
            T result = work(new Stage((fraction, detail) =>
            {
                if (watch.Elapsed < next)
                    return;
                next = watch.Elapsed + BetweenLines;
                output.WriteLine($"  {fraction,5:P0}  {detail}");
            }));
            output.WriteLine($"  done in {watch.Elapsed.TotalSeconds:0.0} s");
            return result;
        }
    }
}

/// <summary>Receives the progress of a running stage: the completed fraction and a short text.</summary>
internal sealed class Stage(Action<double, string> report)
{
    public void Report(double fraction, string detail) => report(fraction, detail);

    /// <summary>An adapter for library calls that report a fraction only.</summary>
    public IProgress<double> Shares(string detail) => new ShareReport(share => report(share, detail));

    // Progress<double> would report on another thread, later.
    sealed class ShareReport(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}

/// <summary>Shows the progress of training as a line of its stage.</summary>
/// <param name="stage">The stage to report to.</param>
/// <param name="examples">The unit of the training examples, such as "images".</param>
internal sealed class TrainingReport(Stage stage, string examples) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        string perplexity = value.Perplexity is { } used ? $" · perplexity {used:0}" : "";
        string left = value.Remaining < TimeSpan.MaxValue ? $" · {Clock(value.Remaining)} left" : "";
        // The most important part comes first: a narrow terminal cuts the end.
        stage.Report(value.Fraction, $"step {value.Step:N0}/{value.TotalSteps:N0}{left} · loss {value.Loss:0.000}"
            + perplexity + $" · {value.ExamplesPerSecond:N0} {examples}/s");
    }

    static string Clock(TimeSpan time) => $"{(int)time.TotalMinutes}:{time.Seconds:00}";
}
