using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The sizes that are measured. compare.py has the same table.</summary>
/// <param name="Side">Height and width of the images in pixels.</param>
public sealed record ModelSize(int Side, int Channels, int Hidden, int Outer, int Residual, int Batch)
{
    /// <summary>The Fast preset on Fashion-MNIST.</summary>
    public static readonly ModelSize Fast = new(28, 1, 64, 32, 64, 64);

    /// <summary>A CIFAR-10 model of 128 channels throughout.</summary>
    public static readonly ModelSize Wide = new(32, 3, 128, 128, 128, 32);

    public static ModelSize Named(string name) => name switch
    {
        "fast" => Fast,
        "wide" => Wide,
        _ => throw new ArgumentException($"There is no model '{name}'; expected 'fast' or 'wide'.", nameof(name)),
    };

    public ImageVqVaeOptions Options(int steps)
    {
        var options = ImageVqVaeOptions.Fast();
        options.Codec = new() { HiddenChannels = Hidden, OuterChannels = Outer, ResidualChannels = Residual };
        options.Quantizer.UnquantizedSteps = 0;
        options.Quantizer.InitializeFromData = false;
        options.Training = new() { Steps = steps, BatchSize = Batch, Seed = 1, ProgressEverySteps = int.MaxValue };
        return options;
    }
}

/// <summary>The four things that are measured, on random images.</summary>
public sealed class Workloads : IWorkloads
{
    const int Images = 2048;

    readonly ModelSize size;
    readonly float[] pixels;
    readonly ImageVqVaeTransformer transformer;
    readonly IDataView view;
    readonly PredictionEngine<ImageRow, CodesRow> engine;
    readonly ImageRow row;
    readonly ImageVqVae network;
    readonly VectorQuantizer quantizer;
    readonly Tensor encodings;

    public Workloads(ModelSize size)
    {
        this.size = size;
        var values = size.Side * size.Side * size.Channels;
        var random = new Random(1);
        pixels = new float[Images * values];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = random.Next(256);

        var ml = new MLContext(seed: 1);
        var schema = SchemaDefinition.Create(typeof(ImageRow));
        schema[nameof(ImageRow.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, size.Channels, size.Side, size.Side);
        view = ml.Data.LoadFromEnumerable(pixels.Chunk(values).Select(chunk => new ImageRow { Pixels = chunk }).ToArray(), schema);
        var options = size.Options(steps: 2);
        transformer = ml.Transforms.VqVae.EncodeImages("Codes", nameof(ImageRow.Pixels), options).Fit(view);
        engine = ml.Model.CreatePredictionEngine<ImageRow, CodesRow>(transformer, new PredictionEngineOptions
        {
            InputSchemaDefinition = schema,
            OwnsTransformer = false,
        });
        row = new ImageRow { Pixels = pixels[..values] };

        options.Codec.Height = options.Codec.Width = size.Side;
        options.Codec.Channels = size.Channels;
        network = new ImageVqVae(options.Codec, options.Quantizer, seed: 1);
        network.SetPixelStatistics(127.5, 73.9, 0, 255);
        quantizer = new VectorQuantizer(options.Quantizer, seed: 1);
        quantizer.eval();
        encodings = randn(size.Batch, options.Quantizer.Dimensions, size.Side / 4, size.Side / 4);
    }

    /// <summary>Steps of the library's own training loop; returns milliseconds a step.</summary>
    public double Train(int steps)
    {
        var task = new TrainingTask
        {
            Network = network,
            Examples = Images,
            ReadBatch = ReadBatch,
            Loss = (batch, moment) =>
            {
                var losses = network.Losses(batch[0], moment.Step);
                var terms = new Dictionary<string, Tensor> { ["reconstruction"] = losses.Reconstruction };
                return new StepLoss(losses.Total, terms, losses.Counts);
            },
            Fingerprint = "benchmark",
        };
        return IWorkloads.Time(() => TrainingLoop.Run(task, size.Options(steps).Training, CPU)) / steps;
    }

    /// <summary>Codes of all images through the data view, as a pipeline reads them; milliseconds for a batch's worth of images.</summary>
    public double EncodeBatched(int batches)
    {
        var limited = new MLContext().Data.TakeRows(view, Math.Min(Images, batches * size.Batch));
        var transformed = transformer.Transform(limited);
        return IWorkloads.Time(() =>
        {
            var column = transformed.Schema["Codes"];
            using var cursor = transformed.GetRowCursor([column]);
            var get = cursor.GetGetter<VBuffer<uint>>(column);
            var buffer = default(VBuffer<uint>);
            while (cursor.MoveNext())
                get(ref buffer);
        }) / Math.Min((double)Images / size.Batch, batches);
    }

    /// <summary>Codes of one image at a time through a PredictionEngine; milliseconds an image.</summary>
    public double EncodeRows(int rows)
    {
        var codes = new CodesRow();
        return IWorkloads.Time(() =>
        {
            for (var i = 0; i < rows; i++)
                engine.Predict(row, ref codes);
        }) / rows;
    }

    /// <summary>The quantizer alone, forward in evaluation mode on the encodings of a batch; milliseconds a batch.</summary>
    public double Quantize(int batches) => IWorkloads.Time(() =>
    {
        using var withoutGradients = no_grad();
        for (var i = 0; i < batches; i++)
        {
            using var scope = NewDisposeScope();
            quantizer.call(encodings);
        }
    }) / batches;

    public double Run(string name, int count) => name switch
    {
        "train" => Train(count),
        "encode" => EncodeBatched(count),
        "row" => EncodeRows(count),
        "quantize" => Quantize(count),
        _ => throw new ArgumentException($"There is no workload '{name}'; expected train, encode, row or quantize.", nameof(name)),
    };

    public void Dispose()
    {
        engine.Dispose();
        transformer.Dispose();
        network.Dispose();
        quantizer.Dispose();
        encodings.Dispose();
    }

    Tensor[] ReadBatch(BatchExamples numbers)
    {
        var values = size.Side * size.Side * size.Channels;
        var batch = new float[numbers.Length * values];
        for (var i = 0; i < numbers.Length; i++)
            pixels.AsSpan(numbers.Span[i] * values, values).CopyTo(batch.AsSpan(i * values));
        return [tensor(batch, [numbers.Length, size.Channels, size.Side, size.Side])];
    }

    public sealed class ImageRow
    {
        public float[] Pixels { get; set; } = [];
    }

    public sealed class CodesRow
    {
        public uint[] Codes { get; set; } = [];
    }
}
