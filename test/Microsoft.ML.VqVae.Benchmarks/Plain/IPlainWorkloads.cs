using Microsoft.ML.VqVae.Benchmarks.Limits;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The workloads of a model in TorchSharp's own layers.</summary>
public interface IPlainWorkloads : IWorkloads
{
    /// <summary>The layers that one run of a workload passes through, forward.</summary>
    IReadOnlyList<LayerWork> LayersOf(string name);
}
