using Microsoft.ML.VqVae.Benchmarks.Plain;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>Training steps, encoding of a batch of frames, and the quantizer alone, of the codec for speech.</summary>
public sealed class MelWorkloads : ILibraryWorkloads
{
    readonly MelSize _size;
    readonly MelData _data;
    readonly MelVqVae _network;
    readonly Tensor _encodings;

    public MelWorkloads(MelSize size)
    {
        ArgumentNullException.ThrowIfNull(size);
        _size = size;
        _data = new MelData(size);
        AudioVqVaeOptions options = AudioVqVaeOptions.MelSpeech();
        options.VectorQuantizer.CommitmentCost = MelSize.CommitmentCost;
        options.VectorQuantizer.UnquantizedSteps = 0;
        options.VectorQuantizer.InitializeFromData = false;
        // The plain codebook has no restarts.
        options.VectorQuantizer.RestartEverySteps = 0;
        _network = new MelVqVae((MelCodecOptions)options.Codec, options.Quantizer, size.Speakers, seed: 1);
        _network.eval();
        _encodings = randn(size.Batch, size.Dimensions, size.Frames / size.FramesPerCode);
    }

    public IReadOnlyList<string> Names { get; } = [.. IWorkloads.TrainingSteps, "encode", "quantize"];

    public double Run(string name, int count) => name switch
    {
        IWorkloads.Train => Train(count, TrainingPrecision.Single),
        IWorkloads.TrainInBFloat16 => Train(count, TrainingPrecision.BFloat16),
        "encode" => Repeat(count, () => Codes().data<long>().ToArray()),
        "quantize" => Repeat(count, () => _network.Quantizer.call(_encodings)),
        _ => throw new ArgumentException($"There is no workload '{name}'; expected train, encode or quantize.", nameof(name)),
    };

    public ModelOutputs Evaluate()
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        _network.eval();
        double loss = _network.Loss(Batch(ReadBatch(First)), new TrainingMoment(0, 1)).Total.item<float>();
        return new ModelOutputs(loss, Codes().MoveToOuterDisposeScope());
    }

    public IPlainWorkloads CreatePlain(MemoryLayout layout)
    {
        var network = new PlainMelCodec(_size, _network.state_dict(), layout);
        return new PlainMelWorkloads(_size, network, _data, _encodings.clone());
    }

    public void Dispose()
    {
        _network.Dispose();
        _data.Dispose();
        _encodings.Dispose();
    }

    ReadOnlyMemory<int> First => Enumerable.Range(0, _size.Batch).ToArray();

    double Train(int steps, TrainingPrecision precision)
    {
        TrainingTask task = BenchmarkTask.Of(
            _network, MelData.Examples, examples => ReadBatch(examples.Numbers), (batch, moment) => _network.Loss(Batch(batch), moment));
        var options = new TrainingOptions
        {
            Steps = steps, BatchSize = _size.Batch, LearningRate = 2e-4, Seed = 1, ProgressEverySteps = int.MaxValue,
            Precision = precision,
        };
        return IWorkloads.Time(() => TrainingLoop.Run(task, options, CPU)) / steps;
    }

    static double Repeat(int count, Action once)
    {
        using IDisposable withoutGradients = no_grad();
        return IWorkloads.Time(() =>
        {
            for (int run = 0; run < count; run++)
            {
                using DisposeScope scope = NewDisposeScope();
                once();
            }
        }) / count;
    }

    Tensor Codes()
    {
        Tensor[] batch = Read(First, _data.Inputs, _data.Lengths, _data.Normalizers);
        return _network.Quantizer.Encode(_network.EncodeToLatents(new AudioBatch(batch[0], batch[1], batch[2]))).reshape(-1);
    }

    Tensor[] ReadBatch(ReadOnlyMemory<int> numbers) =>
        Read(numbers, _data.Inputs, _data.Lengths, _data.Normalizers, _data.Targets, _data.Speakers);

    static Tensor[] Read(ReadOnlyMemory<int> numbers, params Tensor[] columns)
    {
        using Tensor chosen = tensor(numbers.ToArray().Select(number => (long)number).ToArray());
        return [.. columns.Select(column => column.index_select(0, chosen))];
    }

    static AudioBatch Batch(IReadOnlyList<Tensor> tensors) => new(tensors[0], tensors[1], tensors[2], tensors[3], tensors[4]);
}
