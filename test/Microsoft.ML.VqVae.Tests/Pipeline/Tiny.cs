using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Images and networks that are small enough for a test of milliseconds.</summary>
internal static class Tiny
{
    public const int Side = 8, Codes = 6, Dimensions = 4;

    /// <summary>A row with grey pixels; the label tells which of three patterns they show.</summary>
    public sealed class Row
    {
        [VectorType(Side * Side)]
        public float[] Pixels { get; set; } = [];

        public string Label { get; set; } = "";

        public int Number { get; set; }
    }

    public static Row[] Rows(int count) => [.. Enumerable.Range(0, count).Select(number => new Row
    {
        Pixels = Pixels(number, 1),
        Label = ((string[])["stripes", "ramp", "box"])[number % 3],
        Number = number,
    })];

    public static IDataView Data(MLContext ml, int count = 40) => ml.Data.LoadFromEnumerable(Rows(count));

    /// <summary>Planar values from 0 to 255, the same for the same number, that show one of three patterns.</summary>
    public static float[] Pixels(int number, int channels)
    {
        var random = new Random(number);
        int shift = random.Next(4), contrast = random.Next(100, 200);
        return [.. Enumerable.Range(0, channels * Side * Side).Select(i =>
        {
            int x = i % Side, y = i / Side % Side, channel = i / (Side * Side);
            int on = (number % 3) switch
            {
                0 => (x + shift) / 2 % 2 * contrast,
                1 => (y + shift) * contrast / 11,
                _ => x > shift && x < shift + 4 && y > 1 && y < 6 ? contrast : 0,
            };
            return (float)Math.Clamp(on + channel * 20 + random.Next(20), 0, 255);
        })];
    }

    public static ImageCodecOptions Codec(int channels = 1) => new()
    {
        Height = Side,
        Width = Side,
        Channels = channels,
        HiddenChannels = 8,
        OuterChannels = 0,
        ResidualChannels = 4,
        ResidualBlocks = 1,
        Downsamplings = 1,
    };

    public static VectorQuantizerOptions Quantizer(int codesPerPosition = 1) => new()
    {
        Codes = Codes, Dimensions = Dimensions, CodesPerPosition = codesPerPosition, Learning = CodebookLearning.Gradient,
        InitializeFromData = false, RestartEverySteps = 0,
    };

    /// <summary>Options for a few steps of real training; sizes come from the column.</summary>
    public static ImageVqVaeOptions Options(int steps = 5)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
        options.Codec = Codec();
        (options.Codec.Height, options.Codec.Width, options.Codec.Channels) = (0, 0, 0);
        options.VectorQuantizer.Codes = Codes;
        options.VectorQuantizer.Dimensions = Dimensions;
        options.VectorQuantizer.UnquantizedSteps = 2;
        options.Training.Steps = steps;
        options.Training.BatchSize = 8;
        options.Training.Seed = 3;
        options.PredictionBatchSize = 7;
        return options;
    }

    /// <summary>A transformer with all four columns, of a network that was never trained but whose codes differ: no test of schemas, rows
    /// or files needs more.</summary>
    public static ImageVqVaeTransformer Untrained(
        ImageFormat? format = null, EncoderColumns? columns = null, int codesPerPosition = 1, int batchSize = 7)
    {
        format ??= new ImageFormat(Side, Side, 1, Interleaved: false, FromImages: false);
        columns ??= new EncoderColumns("Pixels", "Codes", "Decoded", false, "Embeddings", "Error");
        VectorQuantizerOptions quantizer = Quantizer(codesPerPosition);
        ImageCodecOptions codec = Codec(format.Channels);
        var network = new ImageVqVae(codec, quantizer, seed: 11);
        network.SetPixelStatistics(90, 70, 0, 255);
        using (no_grad())
        using (NewDisposeScope())
        {
            // Codes that the encoder comes near: its own outputs for some images.
            float[] images = [.. Enumerable.Range(0, Codes).SelectMany(number => Pixels(number, format.Channels))];
            Tensor latents = network.EncodeToLatents(tensor(images, [Codes, format.Channels, Side, Side]));
            Tensor codebook = network.state_dict()["quantizer.codebook"];
            for (int code = 0; code < Codes; code++)
                codebook.select(1, code).copy_(latents.select(0, code).narrow(0, 0, Dimensions).flatten(1).select(1, code * 2));
        }
        return new ImageVqVaeTransformer(new ImageModel(new ImageModelDescription(codec, quantizer, format, batchSize), network, CPU), columns);
    }

    /// <summary>The shape of a schema, as ML.NET makes it inside when it propagates schemas.</summary>
    public static SchemaShape Shape(DataViewSchema schema) => new(schema.Where(column => !column.IsHidden).Select(column => Shape(
        column.Name, column.Type,
        new SchemaShape(column.Annotations.Schema.Select(annotation => Shape(annotation.Name, annotation.Type, null))))));

    static SchemaShape.Column Shape(string name, DataViewType type, SchemaShape? annotations)
    {
        var vector = type as VectorDataViewType;
        DataViewType item = vector?.ItemType ?? type;
        SchemaShape.Column.VectorKind kind = vector is null ? SchemaShape.Column.VectorKind.Scalar
            : vector.IsKnownSize ? SchemaShape.Column.VectorKind.Vector : SchemaShape.Column.VectorKind.VariableVector;
        bool isKey = item is KeyDataViewType;
        DataViewType raw = !isKey ? item : item.RawType == typeof(uint) ? NumberDataViewType.UInt32
            : throw new NotSupportedException(item.ToString());
        return MLNetInternals.ShapeColumn(name, kind, raw, isKey, annotations);
    }
}
