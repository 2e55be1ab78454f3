using System.Diagnostics;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>One implementation of a model, as a set of workloads that can be timed.</summary>
public interface IWorkloads : IDisposable
{
    /// <summary>Runs a workload a number of times.</summary>
    /// <returns>Milliseconds for one run.</returns>
    double Run(string name, int count);

    /// <summary>The loss and the codes of the first batch, in evaluation mode.</summary>
    ModelOutputs Evaluate();

    static double Time(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
