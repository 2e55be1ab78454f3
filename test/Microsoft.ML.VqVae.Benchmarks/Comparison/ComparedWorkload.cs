using Microsoft.ML.VqVae.Benchmarks.Limits;

namespace Microsoft.ML.VqVae.Benchmarks.Comparison;

/// <summary>The times of a workload, in milliseconds for one run, a number for each round.</summary>
/// <param name="Model">The name of the model.</param>
/// <param name="Workload">The name of the workload.</param>
/// <param name="Library">Times in the library.</param>
/// <param name="Plain">Times in plain TorchSharp, tensors contiguous.</param>
/// <param name="ChannelsLast">Times in plain TorchSharp, tensors channels-last.</param>
/// <param name="Layers">The layers that one run passes through, forward.</param>
internal sealed record ComparedWorkload(
    string Model, string Workload, IReadOnlyList<double> Library, IReadOnlyList<double> Plain, IReadOnlyList<double> ChannelsLast,
    IReadOnlyList<LayerWork> Layers)
{
    /// <summary>Floating-point operations of one run.</summary>
    public double Operations => Layers.Sum(layer => IWorkloads.IsTraining(Workload) ? layer.TrainingOperations : layer.Operations);

    /// <summary>The times of the plain variant with the lower median.</summary>
    public IReadOnlyList<double> FasterPlain => Median(Plain) <= Median(ChannelsLast) ? Plain : ChannelsLast;

    /// <summary>Library over faster plain variant, taken within each round, in ascending order.</summary>
    public IReadOnlyList<double> Ratios => [.. Library.Zip(FasterPlain, (library, plain) => library / plain).Order()];

    public static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
