using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Rows;

[assembly: LoadableClass(typeof(VqVaeDecoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE image decoder",
    VqVaeDecoderTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>Adds a column of images to a column of codes; what <see cref="VqVaeTransformer.Decoder"/> gives.</summary>
/// <remarks>Lazy, batched and safe for several threads, as <see cref="VqVaeTransformer"/> is. It owns native memory; dispose it.</remarks>
public sealed class VqVaeDecoderTransformer : ITransformer, IDisposable
{
    internal const string LoaderSignature = "VqVaeImageDecoder";
    const string ModelSignature = "VQVAEDEC";

    readonly ImageModel _model;
    readonly DecoderColumns _columns;
    readonly ImageDecoding _decoding;
    bool _disposed;

    internal VqVaeDecoderTransformer(ImageModel model, DecoderColumns columns)
    {
        (_model, _columns) = (model, columns);
        _decoding = new ImageDecoding(model, columns);
    }

    // Found by ML.NET by its name and parameters.
    static VqVaeDecoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedDecoder,
            (saved, weights) => new VqVaeDecoderTransformer(ImageModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of images that is added.</summary>
    public string OutputColumnName => _columns.Output;

    bool ITransformer.IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The codes column is missing, or its codes are not those of this network.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new AddedColumns(inputSchema, _decoding).OutputSchema;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The codes column is missing, or its codes are not those of this network.</exception>
    /// <remarks>Nothing is computed before a cursor asks for it. A row with a missing key then raises an
    /// <see cref="InvalidOperationException"/> that names row, column and slot.</remarks>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new BatchedView(input, _decoding);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new RowMapper(inputSchema, _decoding);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelFile.Save(
        ctx, ModelSignature, LoaderSignature, new SavedDecoder(_model.Description, _columns), SavedModelJson.Default.SavedDecoder,
        _model.WriteWeights);

    /// <summary>Frees the network, unless an encoder still uses it.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _model.Release();
    }
}
