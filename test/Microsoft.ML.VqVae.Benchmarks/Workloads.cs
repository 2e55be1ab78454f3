using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Benchmarks.Plain;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>Training steps, encoding of batches and of single rows, and the quantizer alone, of the image codec, on random
/// images.</summary>
public sealed class Workloads : ILibraryWorkloads
{
    const int Images = 2048;

    readonly ModelSize size;
    readonly float[] pixels;
    readonly ImageVqVaeTransformer transformer;
    readonly IDataView view;
    readonly ImageStore images;
    readonly PredictionEngine<ImageRow, CodesRow> engine;
    readonly ImageRow row;
    readonly ImageVqVae network;
    readonly Tensor encodings;

    public Workloads(ModelSize size)
    {
        this.size = size;
        int values = size.Values;
        var random = new Random(1);
        pixels = new float[Images * values];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = random.Next(256);

        var ml = new MLContext(seed: 1);
        var schema = SchemaDefinition.Create(typeof(ImageRow));
        schema[nameof(ImageRow.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, size.Channels, size.Side, size.Side);
        view = ml.Data.LoadFromEnumerable(pixels.Chunk(values).Select(chunk => new ImageRow { Pixels = chunk }).ToArray(), schema);
        ImageVqVaeOptions options = size.Options(steps: 2);
        DataViewSchema.Column column = view.Schema[nameof(ImageRow.Pixels)];
        images = ImageStore.Read(view, column, PixelInput.Resolve(column, options.Pixels), options.Training);
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
        CopyWeights();
        network.eval();
        // As the encoder hands them over: channels innermost.
        encodings = randn(size.Batch, options.VectorQuantizer.Dimensions, size.Side / 4, size.Side / 4).In(MemoryLayout.ChannelsLast);
    }

    public IReadOnlyList<string> Names { get; } = [.. IWorkloads.TrainingSteps, "encode", "row", "quantize"];

    /// <summary>Steps of the library's own training loop; returns milliseconds a step.</summary>
    public double Train(int steps, TrainingPrecision precision)
    {
        TrainingTask task = BenchmarkTask.Of(network, Images, images.ReadBatch, (batch, moment) => network.Loss(batch[0], moment));
        TrainingOptions options = size.Options(steps).Training;
        options.Precision = precision;
        return IWorkloads.Time(() => TrainingLoop.Run(task, options, CPU)) / steps;
    }

    /// <summary>Codes of images through the data view, as a pipeline reads them; milliseconds for a batch's worth of images.</summary>
    public double EncodeBatched(int batches)
    {
        long rows = (long)batches * size.Batch;
        var ml = new MLContext();
        // All images as often as they fit, then the rest.
        var views = new List<IDataView>();
        for (; rows > 0; rows -= Math.Min(Images, rows))
            views.Add(transformer.Transform(ml.Data.TakeRows(view, Math.Min(Images, rows))));
        return IWorkloads.Time(() =>
        {
            foreach (IDataView transformed in views)
                ReadCodes(transformed, _ => { });
        }) / batches;
    }

    /// <summary>Codes of images by the network alone, on a tensor of all images; milliseconds a batch.</summary>
    public double EncodeTensors(int batches)
    {
        using IDisposable withoutGradients = no_grad();
        using Tensor all = tensor(pixels, [Images, size.Channels, size.Side, size.Side]);
        return IWorkloads.Time(() =>
        {
            for (int i = 0; i < batches; i++)
            {
                using DisposeScope scope = NewDisposeScope();
                network.Encode(all.narrow(0, i % (Images / size.Batch) * size.Batch, size.Batch));
            }
        }) / batches;
    }

    /// <summary>Codes of one image at a time through a PredictionEngine; milliseconds an image.</summary>
    public double EncodeRows(int rows)
    {
        var codes = new CodesRow();
        return IWorkloads.Time(() =>
        {
            for (int i = 0; i < rows; i++)
                engine.Predict(row, ref codes);
        }) / rows;
    }

    /// <summary>The quantizer alone, forward in evaluation mode on the encodings of a batch; milliseconds a batch.</summary>
    public double Quantize(int batches) => IWorkloads.Time(() =>
    {
        using IDisposable withoutGradients = no_grad();
        for (int i = 0; i < batches; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            network.Quantizer.call(encodings);
        }
    }) / batches;

    public double Run(string name, int count) => name switch
    {
        IWorkloads.Train => Train(count, TrainingPrecision.Single),
        IWorkloads.TrainInBFloat16 => Train(count, TrainingPrecision.BFloat16),
        "encode" => EncodeBatched(count),
        "row" => EncodeRows(count),
        "quantize" => Quantize(count),
        _ => throw new ArgumentException($"There is no workload '{name}'; expected train, encode, row or quantize.", nameof(name)),
    };

    public ModelOutputs Evaluate()
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        network.eval();
        Tensor[] batch = images.ReadBatch(new BatchExamples(Enumerable.Range(0, size.Batch).ToArray(), Step: null));
        // Keys count from 1.
        var codes = new List<long>();
        ReadCodes(transformer.Transform(new MLContext().Data.TakeRows(view, size.Batch)), keys => Add(keys.DenseValues()));
        Add(engine.Predict(row).Codes);
        return new ModelOutputs(network.Loss(batch[0], new TrainingMoment(0, 1)).Total.item<float>(), tensor(codes).MoveToOuterDisposeScope());

        void Add(IEnumerable<uint> keys) => codes.AddRange(keys.Select(key => key - 1L));
    }

    public IPlainWorkloads CreatePlain(MemoryLayout layout)
    {
        var plain = new PlainImageCodec(size, network.state_dict(), layout);
        return new PlainImageWorkloads(size, plain, pixels, encodings.In(layout).clone());
    }

    public void Dispose()
    {
        engine.Dispose();
        transformer.Dispose();
        network.Dispose();
        encodings.Dispose();
        images.Dispose();
    }

    /// <summary>Gives the network the weights of the transformer, so that both give the same codes.</summary>
    void CopyWeights()
    {
        string path = Path.GetTempFileName();
        try
        {
            transformer.SaveWeights(path);
            using SafetensorsContent weights = Safetensors.ReadFile(path);
            using DisposeScope scope = NewDisposeScope();
            weights.CopyTo(network.state_dict());
        }
        finally
        {
            File.Delete(path);
        }
    }

    static void ReadCodes(IDataView transformed, Action<VBuffer<uint>> read)
    {
        DataViewSchema.Column column = transformed.Schema["Codes"];
        using DataViewRowCursor cursor = transformed.GetRowCursor([column]);
        ValueGetter<VBuffer<uint>> get = cursor.GetGetter<VBuffer<uint>>(column);
        var buffer = default(VBuffer<uint>);
        while (cursor.MoveNext())
        {
            get(ref buffer);
            read(buffer);
        }
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
