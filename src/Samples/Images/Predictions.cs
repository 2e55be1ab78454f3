using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>Writes what a model says of pictures as lines of text that can be compared exactly, here or in another process.</summary>
internal static class Predictions
{
    /// <summary>A line a row: the predicted class, its scores, the codes. "R" keeps every bit of a score.</summary>
    public static IEnumerable<string> Lines(MLContext ml, ITransformer model, IDataView images, int rows) => ml.Data
        .CreateEnumerable<Prediction>(model.Transform(images), reuseRowObject: true).Take(rows)
        .Select(row => string.Join('\t',
            row.PredictedLabel,
            string.Join(' ', row.Score.Select(score => score.ToString("R", CultureInfo.InvariantCulture))),
            string.Join(' ', row.Codes)));

    /// <summary>Has a new process of this program load the model and predict the same rows. Returns its lines.</summary>
    public static string[] LinesOfNewProcess(string modelFile, ImagesSettings settings, int rows, CancellationToken cancellation)
    {
        string file = Path.Combine(Path.GetTempPath(), $"vqvae-predictions-{Guid.NewGuid():N}.tsv");
        try
        {
            ProcessStartInfo start = ThisProgram();
            string[] arguments =
            [
                "predict", "--model", modelFile, "--rows", rows.ToString(CultureInfo.InvariantCulture), "--out", file,
                "--device", settings.Cuda ? "cuda" : "cpu", .. settings.DataFolder is { } folder ? (string[])["--data", folder] : [],
            ];
            foreach (string argument in arguments)
                start.ArgumentList.Add(argument);
            using Process process = Process.Start(start) ?? throw new IOException("The second process could not be started.");
            using CancellationTokenRegistration stop = cancellation.Register(() => process.Kill(entireProcessTree: true));
            string output = process.StandardError.ReadToEnd();
            process.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            return process.ExitCode == 0 ? File.ReadAllLines(file) : throw new IOException(
                $"The second process, which loads '{modelFile}', ended with code {process.ExitCode}: {output.Trim()}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    static ProcessStartInfo ThisProgram()
    {
        // Started as `dotnet Samples.dll`, the process is dotnet itself and needs to be told which program.
        string program = Environment.ProcessPath ?? throw new IOException("This process does not know its own program.");
        var start = new ProcessStartInfo(program) { RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(Assembly.GetExecutingAssembly().Location);
        return start;
    }

    sealed class Prediction
    {
        public string PredictedLabel { get; set; } = "";

        public float[] Score { get; set; } = [];

        public uint[] Codes { get; set; } = [];
    }
}
