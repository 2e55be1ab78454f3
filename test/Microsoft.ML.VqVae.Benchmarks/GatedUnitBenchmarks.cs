using BenchmarkDotNet.Attributes;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The gated units of a layer with their gradients, beside libtorch's operators, in the sizes of training batches.</summary>
[InProcess]
public class GatedUnitBenchmarks : IDisposable
{
    Tensor sums = null!;
    Tensor ofUnits = null!;

    [Params("fast-prior", "wide-prior", "fast-wave-prior", "wave-prior", "wave-decoder")]
    public string Model { get; set; } = "fast-prior";

    [GlobalSetup]
    public void SetUp()
    {
        (int rows, int channels) = Model switch
        {
            "fast-prior" => (64 * 7 * 7, 64),
            "wide-prior" => (2 * 32 * 32, 128),
            "fast-wave-prior" => (16 * 128, 64),
            "wave-prior" => (16 * 128, 128),
            _ => (2 * 2048, 64),
        };
        sums = randn(rows, 2 * channels).requires_grad_();
        ofUnits = randn(rows, channels);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        sums.Dispose();
        ofUnits.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public void TorchSharp_operators() => Run(given =>
    {
        Tensor[] halves = given.chunk(2, -1);
        return halves[0].tanh().mul(halves[1].sigmoid());
    });

    [Benchmark]
    public void Library() => Run(GatedUnit.Of);

    void Run(Func<Tensor, Tensor> unit)
    {
        using DisposeScope scope = NewDisposeScope();
        unit(sums).backward([ofUnits]);
        sums.grad = null;
    }
}
