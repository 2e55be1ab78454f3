global using ImageModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.ImageModelDescription, Microsoft.ML.VqVae.Networks.ImageVqVae>;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of an image codec in a model file: all that is needed to recreate it, except its weights.</summary>
internal sealed record ImageModelDescription(
    ImageCodecOptions Codec, QuantizerOptions Quantizer, ImageFormat Pixels, int PredictionBatchSize)
    : INetworkDescription<ImageVqVae>
{
    public ImageVqVae CreateNetwork(int seed) => new(Codec, Quantizer, seed);

    /// <summary>The codes of an image in words.</summary>
    public string CodesText() => $"{Codec.Height >> Codec.Downsamplings}×{Codec.Width >> Codec.Downsamplings}×{Quantizer}";

    public void Describe(OptionProblems problems)
    {
        Codec.Describe(problems);
        Quantizer.Describe(problems);
        if (problems.Any)
            return;
        Pixels.Describe(problems, Codec);
        Int128 codes = (Int128)Pixels.ImagesOfRow * (Codec.Height >> Codec.Downsamplings) * (Codec.Width >> Codec.Downsamplings);
        problems.Require(codes * Quantizer.CodesPerPosition <= int.MaxValue, nameof(Pixels), $"of at most {int.MaxValue} codes", Pixels);
    }
}

/// <summary>Checks of a codec of images.</summary>
internal static class ImageModelChecks
{
    /// <summary>Checks that rows can be pictures (MLImage).</summary>
    /// <param name="model">The codec.</param>
    /// <param name="otherwise">The method for rows that cannot.</param>
    /// <param name="column">The column of the training data; null where it is not known.</param>
    /// <exception cref="InvalidOperationException">Rows are clips, or have other than 1 or 3 channels, or values that are not
    /// bytes.</exception>
    public static void RequirePictures(this ImageModel model, string otherwise, string? column = null)
    {
        model.Description.Pixels.RequireImage(otherwise);
        using SharedNetwork.Holding holding = model.Hold();
        (float minimum, float maximum) = model.Network.PixelRange;
        // Values of another range would be clamped to black or white.
        if (float.IsFinite(minimum) && float.IsFinite(maximum))
            PixelInput.CheckBytes(column, minimum, maximum, model.Description.Pixels);
    }
}

/// <summary>The column names of an image encoder; null for columns that are not requested.</summary>
internal sealed record EncoderColumns(
    string Input, string Codes, string? Reconstruction, bool ReconstructionAsImage, string? Embeddings, string? ReconstructionError,
    string? ReconstructionBits = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? EncoderOutputs = null) : IColumnNames<ImageModelDescription>
{
    public void Describe(OptionProblems problems, ImageModelDescription model) =>
        SchemaColumns.Describe(
            problems, [Input], [Codes, Reconstruction, Embeddings, ReconstructionError, ReconstructionBits, EncoderOutputs]);

    /// <param name="imageType">The type of a reconstruction as MLImage, given the shape of the input.</param>
    public IReadOnlyList<ModelColumn<ImageModel, ImagePass>> ToOutputs(Func<SchemaShape, ImageDataViewType>? imageType = null)
    {
        List<ModelColumn<ImageModel, ImagePass>> columns =
        [
            ModelColumn<ImageModel, ImagePass>.Codes(Codes, model => ColumnTypes.Codes(
                Codes, model.Network.CodeGrid, model.Description.Quantizer.CodebookSize, model.Description.Pixels.Frames),
                pass => pass.Indices, ToOnnxCodes),
        ];
        if (Reconstruction is not null)
        {
            columns.Add(PixelColumns.Declare<ImageModel, ImagePass>(
                Reconstruction, ReconstructionAsImage, model => model.Description.Pixels, pass => pass.Reconstruction, imageType,
                (model, inputs) => model.Network.ImagesToOnnx(ToOnnxParameters(model, inputs))));
        }
        if (Embeddings is not null)
        {
            columns.Add(ModelColumn<ImageModel, ImagePass>.Vector(Embeddings, LatentDimensions, pass => pass.Quantized.permute(0, 2, 3, 1),
                (model, inputs) => model.Network.Quantizer.EmbedToOnnx(ToOnnxCodes(model, inputs)).ChannelsLast()));
        }
        if (ReconstructionError is not null)
        {
            columns.Add(ModelColumn<ImageModel, ImagePass>.Number(ReconstructionError, pass => pass.ReconstructionError, (model, inputs) =>
                (model.Network.ImagesToOnnx(ToOnnxParameters(model, inputs)) - inputs[0]).Square()
                    .Reshape(-1, model.Description.Pixels.ValuesOfRow).Mean(1)));
        }
        if (ReconstructionBits is not null)
        {
            columns.Add(ModelColumn<ImageModel, ImagePass>.Number(ReconstructionBits, pass => pass.ReconstructionBits, (model, inputs) =>
                model.Network.BitsToOnnx(ToOnnxParameters(model, inputs), inputs[0])
                    .Reshape(-1, model.Description.Pixels.ValuesOfRow).Sum(1)));
        }
        if (EncoderOutputs is not null)
        {
            columns.Add(ModelColumn<ImageModel, ImagePass>.Vector(EncoderOutputs, LatentDimensions, pass => pass.Latents.permute(0, 2, 3, 1),
                (model, inputs) => model.Network.LatentsToOnnx(inputs[0]).ChannelsLast()));
        }
        return columns;
    }

    static int[] LatentDimensions(ImageModel model)
    {
        (int height, int width, _) = model.Network.CodeGrid;
        return [.. model.Description.Pixels.ClipDimension, height, width, model.Description.Quantizer.Channels];
    }

    static OnnxValue ToOnnxCodes(ImageModel model, IReadOnlyList<OnnxValue> inputs) => model.Network.EncodeToOnnx(inputs[0]);

    static OnnxValue ToOnnxParameters(ImageModel model, IReadOnlyList<OnnxValue> inputs) =>
        model.Network.ParametersToOnnx(model.Network.Quantizer.EmbedToOnnx(ToOnnxCodes(model, inputs)));
}

/// <summary>The column names of an image decoder.</summary>
internal sealed record DecoderColumns(string Codes, string Output, bool AsImage) : IColumnNames<ImageModelDescription>
{
    public void Describe(OptionProblems problems, ImageModelDescription model) => SchemaColumns.Describe(problems, [Codes], [Output]);

    public IReadOnlyList<ModelColumn<ImageModel, Tensor>> ToOutputs() =>
    [
        PixelColumns.Declare<ImageModel, Tensor>(
            Output, AsImage, model => model.Description.Pixels, images => images, onnx: ToOnnxImages),
    ];

    static OnnxValue ToOnnxImages(ImageModel model, IReadOnlyList<OnnxValue> inputs)
    {
        (int height, int width, int perPosition) = model.Network.CodeGrid;
        return model.Network.ImagesToOnnx(
            model.Network.ParametersToOnnx(model.Network.Quantizer.EmbedToOnnx(inputs[0].Reshape(-1, height, width, perPosition))));
    }
}

/// <summary>The lazy forward pass of a batch of images; each part is computed at most once.</summary>
/// <param name="network">The model.</param>
/// <param name="pixels">The images, [rows · images per row, C, H, W].</param>
/// <param name="imagesOfRow">Number of images per row.</param>
internal abstract class ImagePass<TOutput>(ImageAutoencoder<TOutput> network, Tensor pixels, int imagesOfRow = 1)
{
    protected Tensor Pixels => pixels;

    public Tensor Reconstruction => field ??= network.ImagesOf(Parameters);

    /// <summary>Mean squared error, [rows].</summary>
    public Tensor ReconstructionError => (Reconstruction - pixels).Square().mean([1, 2, 3]).view(-1, imagesOfRow).mean([1]);

    /// <summary>−log2 p(x|z), [rows].</summary>
    public Tensor ReconstructionBits => network.BitsOf(Parameters, pixels).view(-1, imagesOfRow).sum(1);

    Tensor Parameters => field ??= DecodeParameters();

    protected abstract Tensor DecodeParameters();
}

/// <summary>The lazy forward pass of a batch of images or clips through a codec.</summary>
internal sealed class ImagePass(ImageVqVae network, Tensor pixels, int imagesOfRow)
    : ImagePass<ImageVqVaeOutput>(network, pixels, imagesOfRow)
{
    /// <summary>Encoder outputs before quantization, [images, G·D, h, w].</summary>
    public Tensor Latents => field ??= network.EncodeToLatents(Pixels);

    public Tensor Indices => field ??= network.Quantizer.Encode(Latents);

    public Tensor Quantized => field ??= network.Quantizer.Embed(Indices);

    protected override Tensor DecodeParameters() => network.DecodeParameters(Quantized);
}

/// <summary>Output columns that hold images.</summary>
internal static class PixelColumns
{
    // The annotation of a column of MLImage with the number of values that the codec has for a pixel: a gray MLImage has three, too.
    const string Channels = "Channels";

    /// <summary>The number of values of a pixel in a column of MLImage: 1 if a codec of gray images made it, otherwise 3.</summary>
    public static int ChannelsOf(DataViewSchema.Column column)
    {
        int channels = 3;
        if (column.Annotations.Schema.GetColumnOrNull(Channels)?.Type == NumberDataViewType.Int32)
            column.Annotations.GetValue(Channels, ref channels);
        return channels == 1 ? 1 : 3;
    }

    /// <summary>Images in the layout and the units of the input: vectors of Single, or MLImage. In an ONNX graph <paramref name="onnx"/>
    /// describes them as [images, C, H, W].</summary>
    public static ModelColumn<TModel, TPass> Declare<TModel, TPass>(
        string name, bool asImage, Func<TModel, ImageFormat> format, Func<TPass, Tensor> compute,
        Func<SchemaShape, ImageDataViewType>? imageType = null, OnnxColumn<TModel>? onnx = null) => new(
        name,
        input => asImage
            ? MLNetInternals.ShapeColumn(
                name, SchemaShape.Column.VectorKind.Scalar, imageType?.Invoke(input) ?? new ImageDataViewType(), isKey: false, new SchemaShape(
                    [MLNetInternals.ShapeColumn(Channels, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.Int32)]))
            : ColumnTypes.VectorShape(name),
        model => asImage ? Images(name, format(model)) : ColumnTypes.Vector(name, format(model).Dimensions),
        (pass, column) => column.Store(compute(pass)),
        (model, capacity) => asImage ? new ImageColumn(format(model), capacity) : new PixelColumn(format(model), capacity),
        asImage || onnx is null ? null
            : (model, inputs) => format(model).Interleaved ? onnx(model, inputs).ChannelsLast() : onnx(model, inputs));

    static DataViewSchema.DetachedColumn Images(string name, ImageFormat format)
    {
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.AddPrimitiveValue(Channels, NumberDataViewType.Int32, format.Channels);
        return new(name, new ImageDataViewType(format.Height, format.Width), annotations.ToAnnotations());
    }
}
