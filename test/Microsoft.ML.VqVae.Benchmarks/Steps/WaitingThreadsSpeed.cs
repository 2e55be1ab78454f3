using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Benchmarks.Steps;

/// <summary>Training steps of the fast codec, each way of waiting of libtorch's threads in a process of its own, alone and beside a process
/// that keeps one core busy.</summary>
internal static class WaitingThreadsSpeed
{
    /// <summary>The command of the measured process, and that of the busy one.</summary>
    public const string StepCommand = "step-time", BusyCommand = "busy";

    const int WarmUpSteps = 20, Steps = 100;

    /// <summary>The last one is the default of GNU's OpenMP.</summary>
    static readonly (string Name, string? Variable, string Value)[] _settings =
    [
        ("set by the library", null, ""),
        ("OMP_WAIT_POLICY=PASSIVE", "OMP_WAIT_POLICY", "PASSIVE"),
        ("OMP_WAIT_POLICY=ACTIVE", "OMP_WAIT_POLICY", "ACTIVE"),
        ("GOMP_SPINCOUNT=300000", "GOMP_SPINCOUNT", "300000"),
    ];

    public static void Run(int rounds, TextWriter output)
    {
        var times = _settings.ToDictionary(setting => setting.Name, _ => (Alone: new List<double>(), Busy: new List<double>()));
        for (int round = 0; round < rounds; round++)
        {
            foreach ((string name, string? variable, string value) in _settings)
            {
                times[name].Alone.Add(Measure(variable, value));
                using Process busy = Start(BusyCommand, null, "");
                try
                {
                    times[name].Busy.Add(Measure(variable, value));
                }
                finally
                {
                    busy.Kill();
                    busy.WaitForExit();
                }
            }
        }
        output.WriteLine("| threads wait | alone, ms a step | beside a busy process, ms a step |");
        output.WriteLine("|---|---|---|");
        foreach ((string name, (List<double> alone, List<double> busy)) in times)
            output.WriteLine($"| {name} | {Summary(alone)} | {Summary(busy)} |");
        output.WriteLine($"Medians of {rounds} processes, with the fastest and the slowest, {Environment.ProcessorCount} cores.");
    }

    /// <summary>Prints the milliseconds of a step.</summary>
    public static void PrintStepTime(TextWriter output)
    {
        using var work = new Workloads(ModelSize.Fast);
        work.Train(WarmUpSteps, TrainingPrecision.Single);
        output.WriteLine(work.Train(Steps, TrainingPrecision.Single).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Keeps a core busy until the process is ended.</summary>
    public static void KeepBusy()
    {
        for (ulong i = 0; ; i++)
            Volatile.Write(ref _turns, i);
    }

    static ulong _turns;

    static double Measure(string? variable, string value)
    {
        using Process process = Start(StepCommand, variable, value);
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? double.Parse(text, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"The process that measures steps ended with {process.ExitCode}.");
    }

    static Process Start(string command, string? variable, string value)
    {
        var start = new ProcessStartInfo("dotnet", [Assembly.GetExecutingAssembly().Location, command]) { RedirectStandardOutput = true };
        // The settings of this process, made by the library or a user, would be those of all.
        foreach (string name in (string[])["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"])
            start.Environment.Remove(name);
        if (variable is not null)
            start.Environment[variable] = value;
        return Process.Start(start)!;
    }

    static string Summary(List<double> times)
    {
        times.Sort();
        return string.Create(CultureInfo.InvariantCulture, $"{times[times.Count / 2]:0.0} ({times[0]:0.0} … {times[^1]:0.0})");
    }
}
