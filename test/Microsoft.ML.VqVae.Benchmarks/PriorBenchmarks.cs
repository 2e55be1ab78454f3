using BenchmarkDotNet.Attributes;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>A PixelCNN over 32×32 codes of 512, 15 layers of 128 channels: cached sampling of whole grids, and the pass over whole grids
/// that naive sampling makes for each of the 1,024 codes.</summary>
/// <remarks><c>sampling</c> as the program's argument measures the ratio of the two directly;
/// <c>compare</c> the ratio to plain TorchSharp.</remarks>
[InProcess]
[MemoryDiagnoser]
[SimpleJob(launchCount: 1, warmupCount: 1, iterationCount: 3)]
public class PriorBenchmarks : IDisposable
{
    PriorWorkloads work = null!;

    [Params(1, 16, 64)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void SetUp() => work = new PriorWorkloads(PriorSize.Wide);

    [GlobalCleanup]
    public void Dispose()
    {
        work.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void SampleGrids() => work.Sample(Batch, 1);

    [Benchmark(Baseline = true)]
    public void PassOverGrids() => work.Pass(Batch, 1);
}
