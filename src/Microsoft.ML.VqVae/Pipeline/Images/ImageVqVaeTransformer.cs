using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

[assembly: LoadableClass(typeof(ImageVqVaeTransformer), null, typeof(SignatureLoadModel), "VQ-VAE image encoder",
    ImageVqVaeTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(ImageVqVaeDecoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE image decoder",
    ImageVqVaeDecoderTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="ITransformer"/> resulting from fitting an <see cref="ImageVqVaeEstimator"/>; it adds the codes of an image as keys and,
/// on request, the reconstruction, the code vectors, the reconstruction error and the reconstruction bits.
/// </summary>
public sealed class ImageVqVaeTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeImageEncoder";

    static readonly ModelFormat<Saved<ImageModelDescription, EncoderColumns>, ImageModelDescription, ImageVqVae> Format =
        new("VQVAEIMG", LoaderSignature, SavedJson.Default.ImageEncoder);

    readonly ImageModel _model;
    readonly EncoderColumns _columns;

    internal ImageVqVaeTransformer(ImageModel model, EncoderColumns columns, TrainingSummary? training = null)
        : base(model, new BatchMapping<ImageModel, ImagePass>(model, model.Description.PredictionBatchSize,
            new PixelInput(columns.Input, model.Description.Pixels), columns.ToOutputs(),
            inputs => new ImagePass(model.Network, inputs[0].to(model.Device), model.Description.Pixels.ImagesOfRow)), training) =>
        (_model, _columns, CodeGrid) = (model, columns, model.Network.CodeGrid);

    // Called by ML.NET, which finds it by its name and parameters.
    static ImageVqVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new ImageVqVaeTransformer(model, saved.Columns));

    /// <summary>The column of images that is read.</summary>
    public string InputColumnName => _columns.Input;

    /// <summary>The column of codes that is added.</summary>
    public string OutputColumnName => _columns.Codes;

    /// <summary>The column of decoded images that is added, or null.</summary>
    public string? ReconstructionColumnName => _columns.Reconstruction;

    /// <summary>The column of code vectors that is added, or null.</summary>
    public string? EmbeddingsColumnName => _columns.Embeddings;

    /// <summary>The column of mean squared errors that is added, or null.</summary>
    public string? ReconstructionErrorColumnName => _columns.ReconstructionError;

    /// <summary>The column of −log2 p(x|z) in bits that is added, or null.</summary>
    public string? ReconstructionBitsColumnName => _columns.ReconstructionBits;

    /// <summary>K: number of codes in a codebook.</summary>
    public int Codes => _model.Description.Quantizer.CodebookSize;

    /// <summary>The grid of codes of an image: height, width and number of codes per position, G.</summary>
    public (int Height, int Width, int CodesPerPosition) CodeGrid { get; }

    internal ImageVqVae Network => _model.Network;

    /// <summary>Creates a transformer from codes to images that shares the network.</summary>
    /// <param name="outputColumnName">The column of images to add, in the layout and units of the training data.</param>
    /// <param name="codesColumnName">The column of codes, in the format that this transformer outputs; null for
    /// <see cref="OutputColumnName"/>.</param>
    /// <param name="asImage">Whether to output MLImage instead of Vector&lt;Single&gt;.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ArgumentException">The name of the output column is empty.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public ImageVqVaeDecoderTransformer Decoder(string outputColumnName, string? codesColumnName = null, bool asImage = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        var columns = new DecoderColumns(codesColumnName ?? OutputColumnName, outputColumnName, asImage);
        return new ImageVqVaeDecoderTransformer(_model.Share(), columns);
    }

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}

/// <summary>Adds a column of images to a column of codes; see <see cref="ImageVqVaeTransformer.Decoder"/>.</summary>
public sealed class ImageVqVaeDecoderTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeImageDecoder";

    static readonly ModelFormat<Saved<ImageModelDescription, DecoderColumns>, ImageModelDescription, ImageVqVae> Format =
        new("VQVAEDEC", LoaderSignature, SavedJson.Default.ImageDecoder);

    readonly ImageModel _model;
    readonly DecoderColumns _columns;

    internal ImageVqVaeDecoderTransformer(ImageModel model, DecoderColumns columns)
        : base(model, new BatchMapping<ImageModel, Tensor>(model, model.Description.PredictionBatchSize,
            new CodesInput(columns.Codes, CodesOf(model)), columns.ToOutputs(), inputs => Decode(model, inputs[0].to(model.Device)))) =>
        (_model, _columns) = (model, columns);

    // Called by ML.NET, which finds it by its name and parameters.
    static ImageVqVaeDecoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new ImageVqVaeDecoderTransformer(model, saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of images that is added.</summary>
    public string OutputColumnName => _columns.Output;

    static CodeFormat CodesOf(ImageModel model)
    {
        (int height, int width, int perPosition) = model.Network.CodeGrid;
        int[] dimensions = [.. model.Description.Pixels.ClipDimension, height, width, perPosition];
        return new CodeFormat(model.Description.Quantizer.CodebookSize, dimensions, Names: null, SlotNames: null);
    }

    // The grids of a clip are consecutive.
    static Tensor Decode(ImageModel model, Tensor codes)
    {
        (int height, int width, int perPosition) = model.Network.CodeGrid;
        return model.Network.DecodeCodes(codes.view(-1, height, width, perPosition));
    }

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
