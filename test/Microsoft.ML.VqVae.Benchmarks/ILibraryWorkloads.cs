using Microsoft.ML.VqVae.Benchmarks.Plain;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>A model of the library, with its port to plain TorchSharp layers.</summary>
public interface ILibraryWorkloads : IWorkloads
{
    /// <summary>The names of the workloads, in the order of the report.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>The same model in TorchSharp's own layers, with the weights and the data that this one has now.</summary>
    IPlainWorkloads CreatePlain(MemoryLayout layout);
}
