using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>A transformer of this library: it adds columns that a trained network computes.</summary>
/// <remarks>
/// Data views are transformed lazily and in batches: the network runs once for a batch, and no further than the columns asked for need it.
/// The transformer may be used from several threads. It owns native memory; dispose it. A <c>PredictionEngine</c> disposes its transformer
/// too, unless it is made with <c>PredictionEngineOptions.OwnsTransformer = false</c>.
/// </remarks>
public abstract class NetworkTransformer : ITransformer, IDisposable
{
    readonly TrainedModel _model;
    readonly IBatchMapping _mapping;
    bool _disposed;

    private protected NetworkTransformer(TrainedModel model, IBatchMapping mapping, TrainingSummary? training = null) =>
        (_model, _mapping, TrainingSummary) = (model, mapping, training);

    /// <summary>The result of the training; null for a transformer that was loaded or derived from another.</summary>
    public TrainingSummary? TrainingSummary { get; }

    bool ITransformer.IsRowToRowMapper => !_mapping.NeedsRowsInOrder;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or is not of the type and size that the network was
    /// trained on.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new AddedColumns(inputSchema, _mapping).OutputSchema;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or is not of the type and size that the network was
    /// trained on.</exception>
    /// <remarks>Nothing is computed before a cursor asks for it. A row that is not fit, for a missing value for example, then raises an
    /// <see cref="InvalidOperationException"/> that names row, column and slot.</remarks>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new BatchedView(input, _mapping);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return !_mapping.NeedsRowsInOrder ? RowMapper.Create(inputSchema, _mapping) : throw new InvalidOperationException(
            $"{GetType().Name} looks at the rows before a row too, and cannot map single rows: use Transform.");
    }

    /// <summary>Writes the weights as a safetensors file, by the names that the network's class lists; the same bytes that lie in a model
    /// file.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    public void SaveWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _model.WriteWeights(path);
    }

    /// <summary>Replaces the weights by those of a safetensors file. Not to be called while rows are computed. Transformers that share the
    /// network, such as an encoder and its decoders, change together.</summary>
    /// <param name="path">A file of a network of the same shape, as <see cref="SaveWeights"/> writes.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or its tensors are not those of the network; the message names them, and
    /// nothing is changed.</exception>
    public void LoadWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using SafetensorsContent weights = Safetensors.ReadFile(path);
        _model.ReadWeights(weights);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => Save(ctx);

    private protected abstract void Save(ModelSaveContext context);

    /// <summary>One more transformer is to use the network; it goes on working when this one is disposed.</summary>
    private protected void HoldNetwork()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _model.Hold();
    }

    /// <summary>Frees the network, unless another transformer still uses it.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _model.Release();
        GC.SuppressFinalize(this);
    }
}
