using System.Globalization;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Display;

/// <summary>Turns what training reports into a line of the display, and keeps it for the learning curve.</summary>
/// <param name="stage">The stage to report to.</param>
/// <param name="examples">What is trained on: "images".</param>
internal sealed class TrainingReport(Stage stage, string examples = "images") : IProgress<TrainingProgress>
{
    readonly List<TrainingProgress> _received = [];

    public IReadOnlyList<TrainingProgress> Received => _received;

    public void Report(TrainingProgress value)
    {
        _received.Add(value);
        string perplexity = value.Perplexity is { } used ? string.Create(CultureInfo.InvariantCulture, $" · perplexity {used:0}") : "";
        // What matters most comes first: a narrow terminal cuts the end.
        stage.Report(value.Fraction, string.Create(
            CultureInfo.InvariantCulture,
            $"step {value.Step:N0}/{value.TotalSteps:N0} · {Clock(value.Remaining)} left · loss {value.Loss:0.000}")
            + perplexity + string.Create(CultureInfo.InvariantCulture, $" · {value.ExamplesPerSecond:N0} {examples}/s"));
    }

    static string Clock(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}:{time.Seconds:00}");
}
