using Microsoft.ML.VqVae.Benchmarks.Plain;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>Training steps, whole passes and generation of a WaveNet, on random codes.</summary>
public sealed class WaveNetWorkloads : ILibraryWorkloads
{
    const int Rows = 64;

    readonly WaveNetSize size;
    readonly WaveNetPrior? prior;
    readonly WaveNetDecoder? decoder;
    readonly long[] codes;
    readonly Tensor? latents;

    public WaveNetWorkloads(WaveNetSize size)
    {
        this.size = size;
        if (size.Hop == 0)
        {
            prior = new WaveNetPrior(
                new WaveNetPriorOptions
                {
                    Codes = size.Codes, Conditions = size.Speakers, Blocks = size.Blocks, LayersPerBlock = size.LayersPerBlock,
                    Channels = size.Channels, SkipChannels = size.SkipChannels,
                },
                seed: 1);
        }
        else
        {
            decoder = new WaveNetDecoder(
                new WaveNetDecoderOptions
                {
                    SamplesPerLatent = size.Hop, Speakers = size.Speakers, Blocks = size.Blocks, LayersPerBlock = size.LayersPerBlock,
                    Channels = size.Channels, SkipChannels = size.SkipChannels,
                },
                seed: 1);
            latents = randn([Rows, WaveNetSize.LatentChannels, size.Length / size.Hop]);
        }
        var random = new Random(1);
        codes = new long[Rows * size.Length];
        for (int i = 0; i < codes.Length; i++)
            codes[i] = random.Next(size.Codes);
    }

    nn.Module Network => prior is null ? decoder! : prior;

    public IReadOnlyList<string> Names { get; } = [.. IWorkloads.TrainingSteps, "score"];

    /// <summary>Steps of the library's own training loop; milliseconds a step.</summary>
    public double Train(int steps, TrainingPrecision precision)
    {
        TrainingTask task = BenchmarkTask.Of(Network, Rows, examples => ReadBatch(examples.Numbers), (batch, moment) =>
        {
            Tensor loss = prior is null ? decoder!.Loss(batch[0], batch[2], batch[1]) : prior.Loss(batch[0], batch[1], step: moment.Step);
            return new StepLoss(loss, new Dictionary<string, Tensor> { ["nats"] = loss.detach() });
        });
        var options = new TrainingOptions
        {
            Steps = steps, BatchSize = size.Batch, LearningRate = 2e-4, Seed = 1, ProgressEverySteps = int.MaxValue,
            Precision = precision,
        };
        return IWorkloads.Time(() => TrainingLoop.Run(task, options, CPU)) / steps;
    }

    /// <summary>Whole passes over so many rows, without gradients, as naive generation makes one for each code; milliseconds a
    /// pass.</summary>
    public double Pass(int batch, int passes)
    {
        Network.eval();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor[] inputs = ReadBatch(Enumerable.Range(0, batch).ToArray());
        return IWorkloads.Time(() =>
        {
            for (int i = 0; i < passes; i++)
                Logits(inputs).Dispose();
        }) / passes;
    }

    /// <summary>Cached generation of so many rows at a time; milliseconds for them.</summary>
    public double Generate(int batch)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] inputs = ReadBatch(Enumerable.Range(0, batch).ToArray());
        return IWorkloads.Time(() =>
        {
            if (prior is null)
                decoder!.Generate(inputs[2], inputs[1]);
            else
                prior.Sample(new SampleRequest { Count = batch, BatchSize = batch, Length = size.Length, Conditions = inputs[1] });
        });
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
        Network.eval();
        Tensor[] inputs = ReadBatch(Enumerable.Range(0, size.Batch).ToArray());
        Tensor loss = prior is null ? decoder!.Loss(inputs[0], inputs[2], inputs[1]) : prior.Loss(inputs[0], inputs[1]);
        return new ModelOutputs(loss.item<float>(), Logits(inputs).argmax(2).reshape(-1).MoveToOuterDisposeScope());
    }

    public IPlainWorkloads CreatePlain(MemoryLayout layout)
    {
        var plain = new PlainWaveNet(size, Network.state_dict(), layout);
        return new PlainWaveNetWorkloads(size, plain, codes, latents?.clone());
    }

    public void Dispose()
    {
        prior?.Dispose();
        decoder?.Dispose();
        latents?.Dispose();
    }

    Tensor Logits(Tensor[] inputs) =>
        prior is null ? decoder!.Logits(inputs[0], inputs[2], inputs[1]) : prior.Logits(inputs[0], inputs[1]);

    Tensor[] ReadBatch(ReadOnlyMemory<int> numbers)
    {
        long[] batch = new long[numbers.Length * size.Length];
        for (int i = 0; i < numbers.Length; i++)
            codes.AsSpan(numbers.Span[i] * size.Length, size.Length).CopyTo(batch.AsSpan(i * size.Length));
        long[] rows = numbers.ToArray().Select(number => (long)number).ToArray();
        var inputs = new List<Tensor>
        {
            tensor(batch).reshape(numbers.Length, size.Length),
            tensor(rows.Select(row => row % size.Speakers).ToArray()),
        };
        if (latents is not null)
        {
            using Tensor chosen = tensor(rows);
            inputs.Add(latents.index_select(0, chosen));
        }
        return [.. inputs];
    }
}
