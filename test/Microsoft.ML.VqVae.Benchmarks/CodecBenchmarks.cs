using BenchmarkDotNet.Attributes;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>Training step, batched encode, one PredictionEngine row, and the quantizer alone.</summary>
/// <remarks><c>compare</c> as the program's argument measures the ratio to plain TorchSharp.</remarks>
[InProcess]
[MemoryDiagnoser]
public class CodecBenchmarks : IDisposable
{
    Workloads work = null!;

    [Params("fast", "wide")]
    public string Model { get; set; } = "fast";

    [GlobalSetup]
    public void SetUp() => work = new Workloads(ModelSize.Named(Model));

    [GlobalCleanup]
    public void Dispose()
    {
        work.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = 10)]
    public void TrainingStep() => work.Run(IWorkloads.Train, 10);

    [Benchmark(OperationsPerInvoke = 10)]
    public void EncodeBatch() => work.EncodeBatched(10);

    [Benchmark(OperationsPerInvoke = 20)]
    public void PredictionEngineRow() => work.EncodeRows(20);

    [Benchmark(OperationsPerInvoke = 20)]
    public void QuantizeBatch() => work.Quantize(20);
}
