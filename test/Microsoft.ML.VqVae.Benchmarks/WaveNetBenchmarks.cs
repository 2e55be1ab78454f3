using BenchmarkDotNet.Attributes;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>A waveform decoder of 20 layers of 64 channels: cached generation of 2,048 samples, about an eighth of a second, and the pass
/// over as many samples, its receptive field, that naive generation makes for each of them.</summary>
/// <remarks><c>generation</c> as the program's argument measures the ratio of the two and the real-time factor directly;
/// <c>compare</c> measures the ratio to plain TorchSharp.</remarks>
[InProcess]
[MemoryDiagnoser]
[SimpleJob(launchCount: 1, warmupCount: 1, iterationCount: 5)]
public class WaveNetBenchmarks : IDisposable
{
    WaveNetWorkloads work = null!;

    [Params(1, 8)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void SetUp() => work = new WaveNetWorkloads(WaveNetSize.Decoder);

    [GlobalCleanup]
    public void Dispose()
    {
        work.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void GenerateWaveforms() => work.Generate(Batch);

    [Benchmark(Baseline = true)]
    public void PassOverWaveforms() => work.Pass(Batch, 1);
}
