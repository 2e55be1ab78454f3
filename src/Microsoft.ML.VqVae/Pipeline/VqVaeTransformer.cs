using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Rows;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(VqVaeTransformer), null, typeof(SignatureLoadModel), "VQ-VAE image encoder",
    VqVaeTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// Adds the codes of an image as a column of keys, and on request the reconstruction, the code vectors and the reconstruction error; what
/// <see cref="ImageVqVaeEstimator"/> makes.
/// </summary>
/// <remarks>
/// Data views are transformed lazily and in batches: the network runs once for a batch, and no further than the columns asked for need it.
/// The transformer may be used from several threads. It owns native memory; dispose it. A <c>PredictionEngine</c> disposes its transformer
/// too, unless it is made with <c>PredictionEngineOptions.OwnsTransformer = false</c>.
/// </remarks>
public sealed class VqVaeTransformer : ITransformer, IDisposable
{
    internal const string LoaderSignature = "VqVaeImageEncoder";
    const string ModelSignature = "VQVAEIMG";

    readonly ImageModel _model;
    readonly EncoderColumns _columns;
    readonly ImageEncoding _encoding;
    bool _disposed;

    internal VqVaeTransformer(ImageModel model, EncoderColumns columns, TrainingSummary? training = null)
    {
        (_model, _columns, TrainingSummary) = (model, columns, training);
        _encoding = new ImageEncoding(model, columns);
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

    /// <summary>K: the number of codes in a codebook.</summary>
    public int Codes => _model.Description.Quantizer.Codes;

    /// <summary>The rows and columns of codes of an image, and the codes at each position.</summary>
    public (int Height, int Width, int CodesPerPosition) CodeGrid { get; }

    /// <summary>What training came to; null for a transformer that was loaded.</summary>
    public TrainingSummary? TrainingSummary { get; }

    /// <summary>How many batches were encoded and decoded, for tests.</summary>
    internal (long Encoder, long Decoder) NetworkRuns => _model.Runs;

    bool ITransformer.IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing, or is not of the type and size of the training
    /// data.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new AddedColumns(inputSchema, _encoding).OutputSchema;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The input column is missing, or is not of the type and size of the training
    /// data.</exception>
    /// <remarks>Nothing is computed before a cursor asks for it. A row that is not fit, for a NaN for example, then raises an
    /// <see cref="InvalidOperationException"/> that names row, column and slot.</remarks>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new BatchedView(input, _encoding);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new RowMapper(inputSchema, _encoding);
    }

    /// <summary>The way back: a transformer from codes to images, of the same network.</summary>
    /// <param name="outputColumnName">The column to add: the images, in the layout and units of the training data.</param>
    /// <param name="codesColumnName">The column of codes, as this transformer makes them; null for <see cref="OutputColumnName"/>.</param>
    /// <param name="asImage">Whether to make MLImage instead of Vector&lt;Single&gt;.</param>
    /// <returns>A transformer that is saved and disposed on its own; it goes on working when this one is disposed.</returns>
    public VqVaeDecoderTransformer Decoder(string outputColumnName, string? codesColumnName = null, bool asImage = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var columns = new DecoderColumns(codesColumnName ?? OutputColumnName, outputColumnName, asImage);
        return new VqVaeDecoderTransformer(_model.Share(), columns);
    }

    /// <summary>Writes the weights as a safetensors file, by the names that <see cref="Codecs.ImageVqVae"/> lists; the same bytes that lie
    /// in a model file.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    public void SaveWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _model.WriteWeights(path);
    }

    /// <summary>Replaces the weights by those of a safetensors file. Not to be called while rows are computed. Decoders made of this
    /// transformer share its network, and change with it.</summary>
    /// <param name="path">A file of a network of the same shape, as <see cref="SaveWeights"/> writes.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or its tensors are not those of the network; the message names them, and
    /// nothing is changed.</exception>
    public void LoadWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using SafetensorsContent weights = Safetensors.ReadFile(path);
        _model.ReadWeights(weights);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelFile.Save(
        ctx, ModelSignature, LoaderSignature, new SavedEncoder(_model.Description, _columns), SavedModelJson.Default.SavedEncoder,
        _model.WriteWeights);

    /// <summary>Frees the network.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _model.Release();
    }
}
