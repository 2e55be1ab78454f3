using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.ML.VqVae.Benchmarks.Plain;

namespace Microsoft.ML.VqVae.Benchmarks.Steps;

/// <summary>A workload that is measured in a process of its own, with its own environment: native libraries read theirs when they are
/// loaded.</summary>
/// <param name="Variant"><see cref="Library"/> or <see cref="Plain"/>.</param>
/// <param name="Model">The name of the model.</param>
/// <param name="Workload">The name of the workload.</param>
internal sealed record MeasuredProcess(string Variant, string Model, string Workload)
{
    /// <summary>The command of the process.</summary>
    public const string Command = "measure";

    /// <summary>The library, or TorchSharp's own layers in channels-last memory.</summary>
    public const string Library = "library", Plain = "plain";

    const int WarmUpRuns = 20;
    const double MillisecondsOfMeasurement = 2000;

    /// <summary>The variables that the library sets, or replaces by calls.</summary>
    static readonly string[] _settings =
        ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_"];

    /// <summary>Milliseconds of one run.</summary>
    public double Measure(params (string Name, string Value)[] environment)
    {
        using Process process = Start([Command, Variant, Model, Workload], environment);
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? double.Parse(text, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"The process that measures {Workload} ended with {process.ExitCode}.");
    }

    /// <summary>What the process does: prints the milliseconds of one run.</summary>
    public void Print(TextWriter output)
    {
        using ILibraryWorkloads library = ModelCatalog.Create(Model);
        using IPlainWorkloads? plain = Variant == Plain ? library.CreatePlain(MemoryLayout.ChannelsLast) : null;
        IWorkloads measured = plain ?? (IWorkloads)library;
        double warm = measured.Run(Workload, WarmUpRuns);
        output.WriteLine(measured.Run(Workload, (int)Math.Ceiling(MillisecondsOfMeasurement / warm)).ToString(CultureInfo.InvariantCulture));
    }

    public static Process Start(IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Assembly.GetExecutingAssembly().Location, .. arguments]) { RedirectStandardOutput = true };
        // The settings of this process, made by the library or a user, would be those of all.
        foreach (string name in _settings)
            start.Environment.Remove(name);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>The median, with the smallest and the largest.</summary>
    public static string Summary(IEnumerable<double> times, string format = "0.0")
    {
        double[] sorted = [.. times.Order()];
        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return $"{Text(sorted[sorted.Length / 2])} ({Text(sorted[0])} … {Text(sorted[^1])})";
    }
}
