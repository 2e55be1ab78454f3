using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Phonemes;
using Microsoft.ML.VqVae.Samples.Speech;
using Microsoft.ML.VqVae.Samples.Verbs;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>Starts this program a second time, to show that a saved model is complete.</summary>
internal static class NewProcess
{
    /// <summary>Runs a <see cref="PredictionVerb"/> in a new process and returns the lines that it writes.</summary>
    /// <param name="verb">The command.</param>
    /// <param name="modelFile">The model to load.</param>
    /// <param name="dataFolder">The value of --data; null for the default data.</param>
    /// <param name="rows">The number of test rows.</param>
    /// <param name="cuda">Whether the model runs on a GPU.</param>
    /// <param name="cancellation">Ends the process.</param>
    /// <param name="skipUnreadable">Whether files that cannot be read are left out.</param>
    public static string[] Predict(
        string verb, string modelFile, string? dataFolder, int rows, bool cuda, CancellationToken cancellation,
        bool skipUnreadable = false)
    {
        string file = Path.Combine(Path.GetTempPath(), $"vqvae-lines-{Guid.NewGuid():N}.tsv");
        string[] arguments =
        [
            verb, "--model", modelFile, "--rows", rows.ToString(CultureInfo.InvariantCulture), "--out", file,
            "--device", cuda ? "cuda" : "cpu", .. dataFolder is null ? (string[])[] : ["--data", dataFolder],
            .. skipUnreadable ? (string[])["--skip-unreadable"] : [],
        ];
        try
        {
            ProcessStartInfo start = ThisProgram();
            foreach (string argument in arguments)
                start.ArgumentList.Add(argument);
            using Process process = Process.Start(start) ?? throw new IOException("The second process could not be started.");
            using CancellationTokenRegistration stop = cancellation.Register(() => process.Kill(entireProcessTree: true));
            string output = process.StandardError.ReadToEnd();
            process.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            return process.ExitCode == 0
                ? File.ReadAllLines(file)
                : throw new IOException(
                    $"The second process, which loads '{modelFile}', ended with code {process.ExitCode}: {output.Trim()}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    static ProcessStartInfo ThisProgram()
    {
        // Started as `dotnet Samples.dll`, the process is dotnet itself, which takes the program as its first argument.
        string program = Environment.ProcessPath ?? throw new IOException("This process does not know its own program.");
        var start = new ProcessStartInfo(program) { RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        return start;
    }
}

/// <summary>A hidden command that a sample starts as a second process: loads a model file and writes its predictions for test
/// data.</summary>
internal sealed class PredictionVerb : System.CommandLine.Command
{
    PredictionVerb(string name, string sample, Func<MLContext, ITransformer, PredictionData, IEnumerable<string>> lines)
        : base(name, "Loads a model and writes its predictions for the test data.")
    {
        var model = new Option<string>("--model") { Description = $"A model.zip of the {sample} sample.", Required = true };
        var data = new Option<string?>("--data") { Description = $"As for {sample}." };
        var rows = new Option<int>("--rows") { Description = "Number of test rows.", DefaultValueFactory = _ => int.MaxValue };
        var skip = new Option<bool>("--skip-unreadable") { Description = "As for images." };
        var output = new Option<string>("--out") { Description = "Output file.", Required = true };
        Option<string> device = SampleVerb.DeviceOption();
        foreach (Option option in (Option[])[model, data, rows, skip, output, device])
            Add(option);
        Hidden = true;
        SetAction((parsed, _) => SampleVerb.Guarded(() =>
        {
            var ml = new MLContext { GpuDeviceId = parsed.GetValue(device) == "cuda" ? 0 : null };
            ITransformer chain = ml.Model.Load(parsed.GetValue(model)!, out DataViewSchema _);
            File.WriteAllLines(parsed.GetValue(output)!, lines(
                ml, chain, new PredictionData(parsed.GetValue(data), parsed.GetValue(rows), parsed.GetValue(skip))));
            return 0;
        }));
    }

    public static PredictionVerb OfImages() => new(ImagePredictions.Verb, "images", (ml, model, data) =>
        ImagePredictions.Lines(ml, model, ImageDataSets.Open(ml, data.Folder, data.SkipUnreadable).Test, data.Rows));

    public static PredictionVerb OfPhones() => new(PhonePredictions.Verb, "phonemes", (ml, model, data) =>
    {
        string folder = data.Folder ?? throw new ArgumentException("The option --data is missing.");
        return PhonePredictions.Lines(ml, model, SpeechData.Read("", folder, newSpeakers: true), data.Rows);
    });

    /// <summary>The test data of a prediction.</summary>
    sealed record PredictionData(string? Folder, int Rows, bool SkipUnreadable);
}

/// <summary>The predictions of a model for images, as text that can be compared exactly across processes.</summary>
internal static class ImagePredictions
{
    /// <summary>The hidden command of the second process.</summary>
    public const string Verb = "predict";

    /// <summary>One line per row: the predicted class, its scores, the codes. "R" keeps every bit of a score.</summary>
    public static IEnumerable<string> Lines(MLContext ml, ITransformer model, IDataView images, int rows) => ml.Data
        .CreateEnumerable<Prediction>(model.Transform(images), reuseRowObject: true).Take(rows)
        .Select(row => string.Join('\t',
            row.PredictedLabel,
            string.Join(' ', row.Score.Select(score => score.ToString("R", CultureInfo.InvariantCulture))),
            string.Join(' ', row.Codes)));

    sealed class Prediction
    {
        public string PredictedLabel { get; set; } = "";

        public float[] Score { get; set; } = [];

        public uint[] Codes { get; set; } = [];
    }
}
