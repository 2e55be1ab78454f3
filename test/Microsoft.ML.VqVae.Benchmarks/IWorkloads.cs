using System.Diagnostics;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>One implementation of a model, as a set of workloads that can be timed.</summary>
public interface IWorkloads : IDisposable
{
    /// <summary>The names of training steps in Single and, of the library only, in BFloat16.</summary>
    const string Train = "train", TrainInBFloat16 = "train BFloat16";

    /// <summary>The names of the training steps that this processor computes fast.</summary>
    static IEnumerable<string> TrainingSteps => FastBFloat16.IsOn(CPU) ? [Train, TrainInBFloat16] : [Train];

    static bool IsTraining(string name) => name is Train or TrainInBFloat16;

    /// <summary>Runs a workload a number of times.</summary>
    /// <returns>Milliseconds for one run.</returns>
    double Run(string name, int count);

    /// <summary>The loss and the codes of the first batch, in evaluation mode.</summary>
    ModelOutputs Evaluate();

    static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
