using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>Starts this program a second time, to show that a saved model is complete.</summary>
internal static class NewProcess
{
    /// <summary>Runs a <see cref="Verbs.PredictionVerb"/> in a new process and returns the lines that it writes.</summary>
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
