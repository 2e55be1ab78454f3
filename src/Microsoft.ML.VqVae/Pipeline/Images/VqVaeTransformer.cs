using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(VqVaeTransformer), null, typeof(SignatureLoadModel), "VQ-VAE image encoder",
    VqVaeTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// Adds the codes of an image as a column of keys, and on request the reconstruction, the code vectors and the reconstruction error; what
/// <see cref="ImageVqVaeEstimator"/> makes.
/// </summary>
public sealed class VqVaeTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeImageEncoder";
    const string ModelSignature = "VQVAEIMG";

    readonly ImageModel _model;
    readonly EncoderColumns _columns;

    internal VqVaeTransformer(ImageModel model, EncoderColumns columns, TrainingSummary? training = null)
        : base(model, ImageEncoding.Mapping(model, columns))
    {
        (_model, _columns, TrainingSummary) = (model, columns, training);
        CodeGrid = model.CodeGrid;
    }

    // Found by ML.NET by its name and parameters.
    static VqVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedEncoder,
            (saved, weights) => new VqVaeTransformer(ImageModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of images that is read.</summary>
    public string InputColumnName => _columns.Input;

    /// <summary>The column of codes that is added.</summary>
    public string OutputColumnName => _columns.Codes;

    /// <summary>The column of decoded images that is added, or null.</summary>
    public string? ReconstructionColumnName => _columns.Reconstruction;

    /// <summary>The column of code vectors that is added, or null.</summary>
    public string? EmbeddingsColumnName => _columns.Embeddings;

    /// <summary>The column of reconstruction errors that is added, or null.</summary>
    public string? ReconstructionErrorColumnName => _columns.ReconstructionError;

    /// <summary>The column of reconstruction bits that is added, or null.</summary>
    public string? ReconstructionBitsColumnName => _columns.ReconstructionBits;

    /// <summary>K: the number of codes in a codebook.</summary>
    public int Codes => _model.Description.Quantizer.Codes;

    /// <summary>The rows and columns of codes of an image, and the codes at each position.</summary>
    public (int Height, int Width, int CodesPerPosition) CodeGrid { get; }

    /// <summary>What training came to; null for a transformer that was loaded.</summary>
    public TrainingSummary? TrainingSummary { get; }

    /// <summary>How many batches were encoded and decoded, for tests.</summary>
    internal (long Encoder, long Decoder) NetworkRuns => _model.Runs;

    /// <summary>The way back: a transformer from codes to images, of the same network.</summary>
    /// <param name="outputColumnName">The column to add: the images, in the layout and units of the training data.</param>
    /// <param name="codesColumnName">The column of codes, as this transformer makes them; null for <see cref="OutputColumnName"/>.</param>
    /// <param name="asImage">Whether to make MLImage instead of Vector&lt;Single&gt;.</param>
    /// <returns>A transformer that is saved and disposed on its own; it goes on working when this one is disposed.</returns>
    public VqVaeDecoderTransformer Decoder(string outputColumnName, string? codesColumnName = null, bool asImage = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        HoldNetwork();
        var columns = new DecoderColumns(codesColumnName ?? OutputColumnName, outputColumnName, asImage);
        return new VqVaeDecoderTransformer(_model, columns);
    }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedEncoder(_model.Description, _columns), SavedModelJson.Default.SavedEncoder,
        _model.WriteWeights);
}
