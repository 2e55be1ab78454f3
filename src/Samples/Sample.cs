using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Pages;
using Microsoft.ML.VqVae.Training;
using Spectre.Console;
using Canvas = Microsoft.ML.VqVae.Samples.Drawing.Canvas;
using Color = Microsoft.ML.VqVae.Samples.Drawing.Color;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>The command line options that all samples share; the help texts are in Verbs.</summary>
internal abstract record SampleSettings
{
    public string? DataFolder { get; init; }

    public int Seed { get; init; } = 1;

    public bool Cuda { get; init; }

    /// <summary>The precision of all training; null for that of each sample.</summary>
    public TrainingPrecision? Precision { get; init; }

    public bool Quick { get; init; }

    public string OutputFolder { get; init; } = "out";
}

/// <summary>The outcome of a sample.</summary>
/// <param name="Metrics">The content of metrics.json.</param>
/// <param name="Table">The table to print, and to show on the page.</param>
/// <param name="Summary">The line below the table.</param>
/// <param name="Succeeded">Whether the exit code is 0.</param>
internal sealed record SampleResult(SampleMetrics Metrics, Table Table, string Summary, bool Succeeded = true);

/// <summary>The frame of every sample: runs the work in visible stages, then writes metrics.json, a page with the results, a table and the
/// list of files.</summary>
internal abstract class Sample<TSettings>(TSettings settings, CancellationToken cancellation)
    where TSettings : SampleSettings
{
    readonly List<(string File, string Alternative)> _pictures = [];
    readonly List<(string File, string Caption)> _sounds = [];
    readonly Stopwatch _watch = Stopwatch.StartNew();

    protected TSettings Settings => settings;

    protected CancellationToken Cancellation => cancellation;

    protected MLContext ML { get; } = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };

    /// <summary>The heading of the page.</summary>
    protected abstract string Title { get; }

    /// <summary>The seconds since the start, rounded to tenths.</summary>
    protected double Seconds => Math.Round(_watch.Elapsed.TotalSeconds, 1);

    /// <summary>Runs the sample and returns the exit code of the process.</summary>
    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        var before = Directory.EnumerateFiles(settings.OutputFolder).ToDictionary(file => file, File.GetLastWriteTimeUtc);
        IAnsiConsole console = AnsiConsole.Console;
        SampleResult result = Stages.Show(console, settings.Precision, Work);
        result.Metrics.Save(Out("metrics.json"));
        SavePage(result);
        console.Write(result.Table.ToConsole());
        console.WriteLine($"{result.Summary}. Written to {Path.GetFullPath(settings.OutputFolder)}:");
        // Without what other runs have left in the folder.
        foreach (string file in Directory.EnumerateFiles(settings.OutputFolder).Order(StringComparer.Ordinal))
            if (!before.TryGetValue(file, out DateTime time) || time != File.GetLastWriteTimeUtc(file))
                console.WriteLine($"  {Path.GetFileName(file)}");
        return result.Succeeded ? 0 : 1;
    }

    protected abstract SampleResult Work(Stages stages);

    /// <summary>Saves a picture in the output folder, and shows it on the page of the run.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="file">The name of the file.</param>
    /// <param name="alternative">The text for those who do not see the picture.</param>
    protected void Show(Canvas picture, string file, string alternative)
    {
        picture.Save(Out(file));
        _pictures.Add((file, alternative));
    }

    /// <summary>Saves an animation in the output folder, and shows it on the page of the run.</summary>
    protected void Show(AnimatedPng animation, string file, string alternative)
    {
        animation.Save(Out(file));
        _pictures.Add((file, alternative));
    }

    /// <summary>Offers a sound of the output folder on the page of the run.</summary>
    protected void Play(string file, string caption) => _sounds.Add((file, caption));

    /// <summary>The path of a file in the output folder.</summary>
    protected string Out(string name) => Path.Combine(settings.OutputFolder, name);

    protected void SaveLearningCurve(TrainingSummary training)
    {
        TrainingProgress[] reports = [.. training.LearningCurve.Where(at => at.Loss > 0)];
        // A report without perplexity is of steps in which no codes were chosen yet.
        long? unquantized = reports.LastOrDefault(at => at.Perplexity is null)?.Step;
        bool starts = unquantized is not null && reports.Any(at => at.Perplexity is not null);
        Canvas chart = Charts.Lines("Training loss", $"Mean over the steps since the last report; {training.Steps:N0} steps in all",
            new Axis("training steps", Min: 0), new Axis("loss", Logarithmic: true),
            [new Series("training", Color.Accent, [.. reports.Select(at => ((double)at.Step, at.Loss))])],
            starts ? [new Mark(unquantized!.Value, "quantization starts")] : []);
        Show(chart, "learning-curve.png", "The training loss over the training steps, on a logarithmic axis");
    }

    void SavePage(SampleResult result)
    {
        ResultPage page = new ResultPage(Title, result.Summary).Add(result.Table).AddMetrics(result.Metrics.ToJson());
        foreach ((string file, string alternative) in _pictures)
            page.AddPicture(settings.OutputFolder, file, alternative);
        foreach ((string file, string caption) in _sounds)
            page.AddSound(file, caption);
        page.Save(settings.OutputFolder);
    }

    protected static Table TableOf(params string[] columns) => new(columns);
}

/// <summary>The content of a metrics.json, with keys in snake case; other programs rely on the keys.</summary>
internal abstract record SampleMetrics
{
    static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // A perfect copy has an infinite PSNR.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public string ToJson() => JsonSerializer.Serialize(this, GetType(), Format) + Environment.NewLine;

    public void Save(string path) => File.WriteAllText(path, ToJson());
}
