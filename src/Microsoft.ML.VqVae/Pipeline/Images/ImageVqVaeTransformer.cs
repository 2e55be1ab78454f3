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
        : base(model.Map(new PixelInput(columns.Input, model.Description.Pixels), columns.ToOutputs(),
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

    /// <summary>The column of encoder outputs before quantization that is added, or null.</summary>
    public string? EncoderOutputsColumnName => _columns.EncoderOutputs;

    /// <summary>The column of mean squared errors that is added, or null.</summary>
    public string? ReconstructionErrorColumnName => _columns.ReconstructionError;

    /// <summary>The column of −log2 p(x|z) in bits that is added, or null.</summary>
    public string? ReconstructionBitsColumnName => _columns.ReconstructionBits;

    /// <summary>K: number of codes in a codebook.</summary>
    public int Codes => _model.Description.Quantizer.CodebookSize;

    /// <summary>The grid of codes of an image: height, width and number of codes per position, G.</summary>
    public (int Height, int Width, int CodesPerPosition) CodeGrid { get; }

    internal ImageVqVae Network => _model.Network;

    /// <summary>The layout of the images.</summary>
    internal ImageFormat Pixels => _model.Description.Pixels;

    /// <summary>Checks that rows can be shown as MLImage.</summary>
    /// <exception cref="InvalidOperationException">Rows are clips, or have other than 1 or 3 channels, or values that are not
    /// bytes.</exception>
    internal void RequirePictures() => _model.RequirePictures("a column of vectors", InputColumnName);

    /// <summary>Creates a transformer from codes to images that shares the network.</summary>
    /// <param name="outputColumnName">The column of images to add, in the layout and units of the training data.</param>
    /// <param name="codesColumnName">The column of codes, in the format that this transformer outputs; null for
    /// <see cref="OutputColumnName"/>. Keys are matched by their values, as codes that were read from text have other numbers, and by
    /// number where the column has no key values.</param>
    /// <param name="asImage">Whether to output MLImage instead of Vector&lt;Single&gt;. The values of the training data must be bytes by
    /// <see cref="ImageModelOptions.ImageOffset"/> and <see cref="ImageModelOptions.ImageScale"/>.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ArgumentException">The name of the output column is empty.</exception>
    /// <exception cref="InvalidOperationException">Images are requested, and rows of the training data are clips, have other than 1 or 3
    /// channels, or have values that are not bytes.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public ImageVqVaeDecoderTransformer Decoder(string outputColumnName, string? codesColumnName = null, bool asImage = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        if (asImage)
            RequirePictures();
        var columns = new DecoderColumns(codesColumnName ?? OutputColumnName, outputColumnName, asImage);
        return new ImageVqVaeDecoderTransformer(_model.Share(), columns);
    }

    /// <summary>Encodes one image.</summary>
    /// <param name="image">The image, of the size of the training data. If these were vectors, its bytes are converted to their units by
    /// <see cref="ImageModelOptions.ImageOffset"/> and <see cref="ImageModelOptions.ImageScale"/>.</param>
    /// <returns>The codes from 0 to K − 1, row by row, the G codes of a position side by side. (The keys of the column start at
    /// 1.)</returns>
    /// <exception cref="InvalidOperationException">The image has another size or pixel format, or rows of the training data are
    /// clips, have other than 1 or 3 channels, or have values that are not bytes: use <see cref="Encode(float[])"/>.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public int[] Encode(MLImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        ImageFormat format = _model.Description.Pixels;
        if (format.FromImages)
            return ComputeCodes(ValueRow.Of(ValueRow.Image(InputColumnName, image)));
        _model.RequirePictures("the method that takes numbers", InputColumnName);
        return Encode(PixelReader.ToVector(image, format));
    }

    /// <summary>Encodes one row of pixels.</summary>
    /// <param name="pixels">The values of the row, in the layout and units of the column of the training data.</param>
    /// <returns>The codes from 0 to K − 1, as for <see cref="Encode(MLImage)"/>; for clips, frame by frame.</returns>
    /// <exception cref="ArgumentException">There is another number of values than in a row of the training data.</exception>
    /// <exception cref="InvalidOperationException">A value is not a finite number, or the codec was trained on MLImage.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public int[] Encode(float[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ImageFormat format = _model.Description.Pixels;
        if (format.FromImages)
            throw new InvalidOperationException("The codec was trained on a column of MLImage: encode an MLImage instead of numbers.");
        if (pixels.Length != format.ValuesOfRow)
            throw new ArgumentException($"There are {pixels.Length} values; expected are {format.ValuesOfRow}: {format}.", nameof(pixels));
        return ComputeCodes(ValueRow.Of(ValueRow.Numbers(InputColumnName, pixels, format.Dimensions)));
    }

    /// <summary>Decodes the codes of one image.</summary>
    /// <param name="codes">The codes from 0 to K − 1, as <see cref="Encode(MLImage)"/> returns them.</param>
    /// <returns>The image; dispose it.</returns>
    /// <exception cref="ArgumentException">There is another number of codes, or a code is out of range.</exception>
    /// <exception cref="InvalidOperationException">Rows of the training data are clips, have other than 1 or 3 channels, or have values
    /// that are not bytes: use <see cref="DecodePixels"/>.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public MLImage Decode(int[] codes) => ImageVqVaeDecoderTransformer.Decode(_model, codes, InputColumnName);

    /// <summary>Decodes the codes of one row to numbers.</summary>
    /// <param name="codes">The codes from 0 to K − 1, as <see cref="Encode(float[])"/> returns them.</param>
    /// <returns>The values of the row, in the layout and units of the training data.</returns>
    /// <exception cref="ArgumentException">There is another number of codes, or a code is out of range.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public float[] DecodePixels(int[] codes) => ImageVqVaeDecoderTransformer.DecodePixels(_model, codes);

    private protected override string About => $"Image VQ-VAE, encoder: '{InputColumnName}' ({_model.Description.Pixels}) → "
        + $"'{OutputColumnName}' ({_model.Description.CodesText()})";

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
        : base(model.Map(new CodesInput(columns.Codes, CodesOf(model)), columns.ToOutputs(),
            inputs => Decode(model, inputs[0].to(model.Device)))) =>
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
        int codes = model.Description.Quantizer.CodebookSize;
        return new CodeFormat(codes, dimensions, KeyNames.Numbered(codes), SlotNames: null);
    }

    // The grids of a clip are consecutive.
    static Tensor Decode(ImageModel model, Tensor codes)
    {
        (int height, int width, int perPosition) = model.Network.CodeGrid;
        return model.Network.DecodeCodes(codes.view(-1, height, width, perPosition));
    }

    /// <summary>Decodes the codes of one image; see <see cref="ImageVqVaeTransformer.Decode"/>.</summary>
    /// <param name="codes">The codes from 0 to K − 1.</param>
    /// <returns>The image; dispose it.</returns>
    /// <exception cref="ArgumentException">There is another number of codes, or a code is out of range.</exception>
    /// <exception cref="InvalidOperationException">Rows of the training data are clips, have other than 1 or 3 channels, or have values
    /// that are not bytes: use <see cref="DecodePixels(int[])"/>.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public MLImage Decode(int[] codes) => Decode(_model, codes);

    /// <summary>Decodes the codes of one row to numbers; see <see cref="ImageVqVaeTransformer.DecodePixels"/>.</summary>
    /// <param name="codes">The codes from 0 to K − 1.</param>
    /// <returns>The values of the row, in the layout and units of the training data.</returns>
    /// <exception cref="ArgumentException">There is another number of codes, or a code is out of range.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public float[] DecodePixels(int[] codes) => DecodePixels(_model, codes);

    internal static MLImage Decode(ImageModel model, int[] codes, string? trainingColumn = null)
    {
        model.RequirePictures(nameof(DecodePixels), trainingColumn);
        return OfCodes(model, asImage: true).Compute<MLImage>(RowOf(model, codes));
    }

    internal static float[] DecodePixels(ImageModel model, int[] codes) =>
        OfCodes(model, asImage: false).ComputeNumbers(RowOf(model, codes));

    static ImageVqVaeDecoderTransformer OfCodes(ImageModel model, bool asImage) =>
        new(model, new DecoderColumns("Codes", "Image", asImage));

    static ValueRow RowOf(ImageModel model, int[] codes) => ValueRow.Of(ValueRow.Codes("Codes", codes, CodesOf(model)));

    private protected override string About => $"Image VQ-VAE, decoder: '{CodesColumnName}' ({_model.Description.CodesText()}) → "
        + $"'{OutputColumnName}' ({_model.Description.Pixels})";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
