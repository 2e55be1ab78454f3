using System.Globalization;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Display;

/// <summary>Turns what training reports into a line of the display, and keeps it for the learning curve.</summary>
internal sealed class TrainingReport(Stage stage) : IProgress<TrainingProgress>
{
    readonly List<TrainingProgress> _received = [];

    public IReadOnlyList<TrainingProgress> Received => _received;

    public void Report(TrainingProgress value)
    {
        _received.Add(value);
        string perplexity = value.Perplexity is { } used ? string.Create(CultureInfo.InvariantCulture, $" · perplexity {used:0}") : "";
        stage.Report(value.Fraction, string.Create(
            CultureInfo.InvariantCulture,
            $"step {value.Step:N0}/{value.TotalSteps:N0} · loss {value.Loss:0.000}{perplexity} · {value.ExamplesPerSecond:N0} images/s · ")
            + $"{Clock(value.Remaining)} left");
    }

    static string Clock(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}:{time.Seconds:00}");
}
