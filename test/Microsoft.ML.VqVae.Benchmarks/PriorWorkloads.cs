using Microsoft.ML.VqVae.Benchmarks.Plain;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>Training steps, whole passes and cached sampling of a PixelCNN, on random codes.</summary>
public sealed class PriorWorkloads : ILibraryWorkloads
{
    const int Rows = 256;

    readonly PriorSize size;
    readonly PixelCnn network;
    readonly long[] codes;

    public PriorWorkloads(PriorSize size)
    {
        this.size = size;
        network = new PixelCnn(size.Options, seed: 1);
        var random = new Random(1);
        codes = new long[Rows * size.Side * size.Side];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = random.Next(PriorSize.Codes);
    }

    public IReadOnlyList<string> Names { get; } = [.. IWorkloads.TrainingSteps, "score"];

    /// <summary>Steps of the library's own training loop; milliseconds a step.</summary>
    public double Train(int steps, TrainingPrecision precision)
    {
        TrainingTask task = BenchmarkTask.Of(network, Rows, examples => ReadBatch(examples.Numbers), (batch, moment) =>
        {
            Tensor loss = network.Loss(batch[0], batch.Count > 1 ? batch[1] : null, step: moment.Step);
            return new StepLoss(loss, new Dictionary<string, Tensor> { ["nats"] = loss.detach() });
        });
        var options = new TrainingOptions
        {
            Steps = steps, BatchSize = size.Batch, LearningRate = 2e-4, Seed = 1, ProgressEverySteps = int.MaxValue,
            Precision = precision,
        };
        return IWorkloads.Time(() => TrainingLoop.Run(task, options, CPU)) / steps;
    }

    /// <summary>Whole passes over so many rows, without gradients; naive sampling makes one for each code. Milliseconds a pass.</summary>
    public double Pass(int batch, int passes)
    {
        network.eval();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor[] inputs = ReadBatch(Enumerable.Range(0, batch).ToArray());
        return IWorkloads.Time(() =>
        {
            for (int i = 0; i < passes; i++)
                network.Logits(inputs[0], inputs.ElementAtOrDefault(1)).Dispose();
        }) / passes;
    }

    /// <summary>Cached sampling of so many rows at a time; milliseconds for them.</summary>
    public double Sample(int batch, int times)
    {
        using DisposeScope scope = NewDisposeScope();
        var request = new SampleRequest
        {
            Count = batch, BatchSize = batch, Seed = 1, Conditions = size.Classes > 0 ? zeros(batch, dtype: ScalarType.Int64) : null,
        };
        return IWorkloads.Time(() =>
        {
            for (int i = 0; i < times; i++)
                network.Sample(request with { FirstSample = (long)i * batch }).Dispose();
        }) / times;
    }

    public double Run(string name, int count) => name switch
    {
        IWorkloads.Train => Train(count, TrainingPrecision.Single),
        IWorkloads.TrainInBFloat16 => Train(count, TrainingPrecision.BFloat16),
        "score" => Pass(size.Batch, count),
        _ => throw new ArgumentException($"There is no workload '{name}'; expected train or score.", nameof(name)),
    };

    public ModelOutputs Evaluate()
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        network.eval();
        Tensor[] inputs = ReadBatch(Enumerable.Range(0, size.Batch).ToArray());
        Tensor? classes = inputs.ElementAtOrDefault(1);
        Tensor codes = network.Logits(inputs[0], classes).argmax(2).reshape(-1);
        return new ModelOutputs(network.Loss(inputs[0], classes).item<float>(), codes.MoveToOuterDisposeScope());
    }

    public IPlainWorkloads CreatePlain(MemoryLayout layout)
    {
        return new PlainPriorWorkloads(size, new PlainPixelCnn(size, network.state_dict(), layout), codes);
    }

    public void Dispose() => network.Dispose();

    Tensor[] ReadBatch(ReadOnlyMemory<int> numbers)
    {
        int length = size.Side * size.Side;
        long[] batch = new long[numbers.Length * length];
        for (int i = 0; i < numbers.Length; i++)
            codes.AsSpan(numbers.Span[i] * length, length).CopyTo(batch.AsSpan(i * length));
        Tensor rows = tensor(batch).reshape(numbers.Length, length);
        return size.Classes == 0 ? [rows]
            : [rows, tensor(numbers.ToArray().Select(number => (long)(number % size.Classes)).ToArray())];
    }
}
