using System.Diagnostics;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>What can be measured on one model.</summary>
public interface IWorkloads : IDisposable
{
    /// <summary>Does a workload so many times; milliseconds for each.</summary>
    double Run(string name, int count);

    static IWorkloads Named(string model) =>
        PriorSize.Find(model) is { } prior ? new PriorWorkloads(prior)
        : WaveNetSize.Find(model) is { } waveNet ? new WaveNetWorkloads(waveNet)
        : new Workloads(ModelSize.Named(model));

    static double Time(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
