using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Base class of the transformers that add columns computed by a trained network.</summary>
/// <remarks>
/// Data views are transformed lazily and in batches: the network runs once per batch, and computes only the requested columns. Transformers
/// are thread-safe. They own native memory; dispose them. A <c>PredictionEngine</c> disposes its transformer too, unless it is created with
/// <c>PredictionEngineOptions.OwnsTransformer = false</c>.
/// </remarks>
public abstract class NetworkTransformer : ITransformer, IDisposable
{
    readonly TrainedModel _model;
    readonly IBatchMapping _mapping;

    private protected NetworkTransformer(IBatchMapping mapping, TrainingSummary? training = null) =>
        (_model, _mapping, TrainingSummary) = (mapping.Model, mapping, training);

    /// <summary>The result of the training; null for a transformer that was loaded or created by another transformer.</summary>
    public TrainingSummary? TrainingSummary { get; }

    bool ITransformer.IsRowToRowMapper => !_mapping.NeedsRowsInOrder;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or its type or size is not that of the training
    /// data.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new AddedColumns(inputSchema, _mapping).OutputSchema;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or its type or size is not that of the training
    /// data.</exception>
    /// <remarks>Values are computed when a cursor requests them. A row with an unsuitable value, such as a missing one, then throws an
    /// <see cref="InvalidOperationException"/> that names row, column and slot.</remarks>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new BatchedView(input, this, _mapping);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return !_mapping.NeedsRowsInOrder ? RowMapper.Create(inputSchema, _mapping) : throw new InvalidOperationException(
            $"{GetType().Name} depends on the rows before a row, and cannot map single rows: use Transform.");
    }

    /// <summary>Saves the weights as a safetensors file, with the tensor names of PyTorch's <c>state_dict</c> that the class of the network
    /// documents.</summary>
    /// <param name="path">The path of the file; an existing file is replaced.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public void SaveWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _model.WriteWeights(path);
    }

    /// <summary>Replaces the weights by those of a safetensors file. Do not call it while rows are computed. Transformers that share the
    /// network, such as an encoder and its decoders, are changed together.</summary>
    /// <param name="path">The path of a file with the tensors of a network of the same shape, as <see cref="SaveWeights"/> saves
    /// them.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or its tensors are not those of the network. The message names them; the
    /// weights stay as they are.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    public void LoadWeights(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using SafetensorsContent weights = Safetensors.ReadFile(path);
        _model.ReadWeights(weights);
    }

    /// <summary>The classes that the network is conditioned on, or null.</summary>
    internal virtual CategorySet? Classes => null;

    /// <summary>The format of the codes that the network was trained on, or null.</summary>
    internal virtual CodeFormat? CodeFormat => null;

    /// <summary>Copies the weights into a network of the same kind and sizes.</summary>
    /// <exception cref="InvalidDataException">The network is another one.</exception>
    internal void CopyWeightsTo(nn.Module network)
    {
        using var stream = new MemoryStream();
        _model.WriteWeights(stream);
        stream.Position = 0;
        using SafetensorsContent weights = Safetensors.Read(stream, $"The {GetType().Name}");
        using DisposeScope scope = NewDisposeScope();
        weights.CopyTo(network.state_dict());
    }

    /// <summary>A digest of the weights, which another transformer has only with the same ones.</summary>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    internal string DigestOfWeights()
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _model.AppendWeights(digest);
        return Convert.ToHexStringLower(digest.GetHashAndReset())[..16];
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => Save(ctx);

    private protected abstract void Save(ModelSaveContext context);

    /// <summary>A description of the transformer: its columns, the size of its network, and the figures of its training.</summary>
    /// <returns>Two or three lines.</returns>
    public sealed override string ToString()
    {
        string card = string.Create(CultureInfo.InvariantCulture, $"{About}\n{_model.ParameterCount:N0} parameters, on {_model.Device}");
        if (TrainingSummary is not TrainingSummary training)
            return card;
        var text = new StringBuilder(card);
        text.Append(CultureInfo.InvariantCulture, $"\nTrained for {training.Steps:N0} of {training.TotalSteps:N0} steps");
        text.Append(CultureInfo.InvariantCulture, $" in {(int)training.Elapsed.TotalHours}:{training.Elapsed:mm\\:ss}");
        text.Append(CultureInfo.InvariantCulture, $": loss {training.Last.Loss:G4}");
        if (training.BestValidationLoss is double validation)
            text.Append(CultureInfo.InvariantCulture, $", best validation loss {validation:G4}");
        if (training.Last.Perplexity is double perplexity)
            text.Append(CultureInfo.InvariantCulture, $", perplexity {perplexity:F1}");
        return text.ToString();
    }

    /// <summary>A description of the transformer in a line: columns and sizes.</summary>
    private protected abstract string About { get; }

    /// <summary>Computes the first output column of one row.</summary>
    private protected T Compute<T>(ValueRow row) => BatchRunner.FirstColumn<T>(_mapping, row);

    /// <summary>Computes a column of numbers, the first one, of one row.</summary>
    private protected float[] ComputeNumbers(ValueRow row) => BatchRunner.FirstVector<float>(_mapping, row);

    /// <summary>Computes a column of codes, the first one, of one row. Codes are counted from 0, keys from 1.</summary>
    private protected int[] ComputeCodes(ValueRow row) =>
        Array.ConvertAll(BatchRunner.FirstVector<uint>(_mapping, row), key => (int)key - 1);

    /// <summary>Releases the network, and frees it unless another transformer uses it. Work of other threads with this transformer ends as
    /// it would have; what begins later throws an <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        _model.Dispose();
        GC.SuppressFinalize(this);
    }
}
