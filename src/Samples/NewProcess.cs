using System.Diagnostics;
using System.Reflection;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>Starts this program once more, to show that a saved model needs nothing of the process that made it.</summary>
internal static class NewProcess
{
    /// <summary>Has a new process write lines to a file, and returns them.</summary>
    /// <param name="what">What the process does, for the message of a failure: "which loads 'model.zip'".</param>
    /// <param name="arguments">Its command line, given the file that it has to write.</param>
    /// <param name="cancellation">Ends the process.</param>
    public static string[] Lines(string what, Func<string, IEnumerable<string>> arguments, CancellationToken cancellation)
    {
        string file = Path.Combine(Path.GetTempPath(), $"vqvae-lines-{Guid.NewGuid():N}.tsv");
        try
        {
            ProcessStartInfo start = ThisProgram();
            foreach (string argument in arguments(file))
                start.ArgumentList.Add(argument);
            using Process process = Process.Start(start) ?? throw new IOException("The second process could not be started.");
            using CancellationTokenRegistration stop = cancellation.Register(() => process.Kill(entireProcessTree: true));
            string output = process.StandardError.ReadToEnd();
            process.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            return process.ExitCode == 0
                ? File.ReadAllLines(file)
                : throw new IOException($"The second process, {what}, ended with code {process.ExitCode}: {output.Trim()}");
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
}
