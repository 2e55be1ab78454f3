using System.Diagnostics;

namespace Microsoft.ML.VqVae.Benchmarks.Steps;

/// <summary>Training steps of the fast codec with each way of waiting of libtorch's threads, alone and beside a process that keeps one core
/// busy.</summary>
internal static class WaitingThreadsSpeed
{
    /// <summary>The command of the busy process.</summary>
    public const string BusyCommand = "busy";

    /// <summary>The last one is the default of GNU's OpenMP.</summary>
    static readonly (string Name, (string Name, string Value)[] Environment)[] _settings =
    [
        ("set by the library", []),
        ("OMP_WAIT_POLICY=PASSIVE", [("OMP_WAIT_POLICY", "PASSIVE")]),
        ("OMP_WAIT_POLICY=ACTIVE", [("OMP_WAIT_POLICY", "ACTIVE")]),
        ("GOMP_SPINCOUNT=300000", [("GOMP_SPINCOUNT", "300000")]),
    ];

    public static void Run(int rounds, TextWriter output)
    {
        var step = new MeasuredProcess(MeasuredProcess.Library, "fast", IWorkloads.Train);
        var times = _settings.ToDictionary(setting => setting.Name, _ => (Alone: new List<double>(), Busy: new List<double>()));
        for (int round = 0; round < rounds; round++)
        {
            foreach ((string name, (string, string)[] environment) in _settings)
            {
                times[name].Alone.Add(step.Measure(environment));
                using Process busy = MeasuredProcess.Start([BusyCommand]);
                try
                {
                    times[name].Busy.Add(step.Measure(environment));
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
            output.WriteLine($"| {name} | {MeasuredProcess.Summary(alone)} | {MeasuredProcess.Summary(busy)} |");
        output.WriteLine($"Medians of {rounds} processes, with the fastest and the slowest, {Environment.ProcessorCount} cores.");
    }

    /// <summary>Keeps a core busy until the process is ended.</summary>
    public static void KeepBusy()
    {
        for (ulong i = 0; ; i++)
            Volatile.Write(ref _turns, i);
    }

    static ulong _turns;
}
