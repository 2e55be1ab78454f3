using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Display;

/// <summary>
/// Shows the stages of a run: with live bars on a terminal, as plain lines where the output goes to a file or another program.
/// </summary>
internal abstract class Stages
{
    /// <summary>Runs a stage; while it runs, it may report how far it is.</summary>
    public abstract T Run<T>(string name, Func<Stage, T> work);

    public void Run(string name, Action<Stage> work) => Run(name, stage =>
    {
        work(stage);
        return true;
    });

    public static T Show<T>(IAnsiConsole console, Func<Stages, T> work) =>
        console.Profile.Capabilities is not { Interactive: true, Ansi: true } || Console.IsOutputRedirected
            ? work(new PlainStages(console.Profile.Out.Writer))
            : console.Progress()
                .Columns(
                    new TaskDescriptionColumn { Alignment = Justify.Left },
                    new ProgressBarColumn { Width = 12 },
                    new PercentageColumn())
                .Start(context => work(new LiveStages(context)));

    sealed class LiveStages(ProgressContext context) : Stages
    {
        public override T Run<T>(string name, Func<Stage, T> work)
        {
            var watch = Stopwatch.StartNew();
            ProgressTask task = context.AddTask(Markup.Escape(name), maxValue: 1);
            // A bar that runs to and fro, until the stage says how far it is.
            task.IsIndeterminate = true;
            T result = work(new Stage((fraction, detail) =>
            {
                task.IsIndeterminate = false;
                task.Value = fraction;
                // In place of the name: both do not fit into eighty columns. What does not fit either is cut at the end.
                task.Description = Markup.Escape(detail);
            }));
            task.IsIndeterminate = false;
            task.Value = 1;
            task.Description = Markup.Escape(string.Create(CultureInfo.InvariantCulture, $"{name}, {watch.Elapsed.TotalSeconds:0.0} s"));
            task.StopTask();
            return result;
        }
    }

    /// <summary>Lines are written past Spectre.Console, which would break them at a width that a file does not have.</summary>
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
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {fraction,5:P0}  {detail}"));
            }));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  done in {watch.Elapsed.TotalSeconds:0.0} s"));
            return result;
        }
    }
}

/// <summary>What a running stage can say of itself: the share that is done, and a few words.</summary>
internal sealed class Stage(Action<double, string> report)
{
    public void Report(double fraction, string detail) => report(fraction, detail);

    /// <summary>For work of the library that reports shares alone.</summary>
    public IProgress<double> Shares(string detail) => new ShareReport(share => report(share, detail));

    // Progress<double> would report on another thread, later.
    sealed class ShareReport(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
