using System.Diagnostics;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>Runs Microsoft.ML.VqVae.Tests.Loader, a program that loads a model file without knowing the library.</summary>
internal static class LoaderProcess
{
    /// <summary>Runs the program, which must end without an error.</summary>
    /// <param name="arguments">The arguments of the program.</param>
    /// <param name="environment">Variables that it gets besides those of this process; null for one that it does not get.</param>
    /// <returns>Everything that it wrote.</returns>
    public static string Run(string[] arguments, params (string Name, string? Value)[] environment)
    {
        string loader = Path.Combine(AppContext.BaseDirectory, "Microsoft.ML.VqVae.Tests.Loader.dll");
        string? host = Environment.ProcessPath;
        var start = new ProcessStartInfo(host is not null && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["exec", loader, .. arguments])
            start.ArgumentList.Add(argument);
        foreach ((string name, string? value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.IsTrue(process.WaitForExit(TimeSpan.FromMinutes(2)), "The loading process hangs.");
        Assert.AreEqual(0, process.ExitCode, output.Result + error.Result);
        return output.Result + error.Result;
    }
}
