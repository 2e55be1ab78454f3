using BenchmarkDotNet.Attributes;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The optimizer alone, on the parameters of the image codec, beside TorchSharp's.</summary>
[InProcess]
public class AdamBenchmarks : IDisposable
{
    const double LearningRate = 1e-4;

    ImageVqVae network = null!;
    TrainingTensors tensors = null!;
    TorchSharp.Modules.Adam plain = null!;

    [Params("fast", "wide")]
    public string Model { get; set; } = "fast";

    [GlobalSetup]
    public void SetUp()
    {
        ModelSize size = ModelSize.Named(Model);
        ImageVqVaeOptions options = size.Options(steps: 1);
        options.Codec.Height = options.Codec.Width = size.Side;
        options.Codec.Channels = size.Channels;
        network = new ImageVqVae(options.Codec, options.Quantizer, seed: 1);
        tensors = new TrainingTensors(network, CPU);
        plain = optim.Adam(network.parameters(), LearningRate);
        using Tensor images = rand(size.Batch, size.Channels, size.Side, size.Side).mul_(255);
        using DisposeScope scope = NewDisposeScope();
        network.train();
        network.Loss(images, new TrainingMoment(1, 2)).Total.backward();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        plain.Dispose();
        tensors.Dispose();
        network.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public void TorchSharp_Adam()
    {
        using DisposeScope scope = NewDisposeScope();
        plain.step();
    }

    [Benchmark]
    public void Library_Adam() => tensors.Step(LearningRate);
}
