using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(SeriesVqVaeTransformer), null, typeof(SignatureLoadModel), "VQ-VAE series encoder",
    SeriesVqVaeTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(SeriesVqVaeDecoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE series decoder",
    SeriesVqVaeDecoderTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="ITransformer"/> resulting from fitting a <see cref="SeriesVqVaeEstimator"/>; it adds the codes of a time series as keys
/// and, on request, the reconstruction, its error and the code vectors.
/// </summary>
public sealed class SeriesVqVaeTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeSeriesEncoder";

    static readonly ModelFormat<Saved<SeriesModelDescription, SeriesEncoderColumns>, SeriesModelDescription, SeriesVqVae> Format =
        new("VQVAESER", LoaderSignature, SavedJson.Default.SeriesEncoder);

    readonly SeriesModel _model;
    readonly SeriesEncoderColumns _columns;

    internal SeriesVqVaeTransformer(SeriesModel model, SeriesEncoderColumns columns, TrainingSummary? training = null)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(), inputs => new SeriesPass(model, inputs)), training) =>
        (_model, _columns) = (model, columns);

    // Found by ML.NET by its name and parameters.
    static SeriesVqVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new SeriesVqVaeTransformer(model, saved.Columns));

    /// <summary>The column of series that is read.</summary>
    public string InputColumnName => _columns.Input;

    /// <summary>The column of codes that is added.</summary>
    public string OutputColumnName => _columns.Codes;

    /// <summary>The column of decoded series that is added, or null.</summary>
    public string? ReconstructionColumnName => _columns.Reconstruction;

    /// <summary>The column of reconstruction errors that is added, or null.</summary>
    public string? ReconstructionErrorColumnName => _columns.ReconstructionError;

    /// <summary>The column of code vectors that is added, or null.</summary>
    public string? EmbeddingsColumnName => _columns.Embeddings;

    /// <summary>The column of encoder outputs before quantization that is added, or null.</summary>
    public string? EncoderOutputsColumnName => _columns.EncoderOutputs;

    /// <summary>C: the number of values at each time step.</summary>
    public int Channels => _model.Description.Codec.Channels;

    /// <summary>K: the number of codes in a codebook.</summary>
    public int Codes => _model.Description.Quantizer.CodebookSize;

    /// <summary>G: the number of codes at each position.</summary>
    public int CodesPerPosition => _model.Description.Quantizer.CodesPerPosition;

    /// <summary>H: the number of time steps that a code covers. Code i covers the time steps from i·H up to (i + 1)·H.</summary>
    public int StepsPerCode => _model.Description.Codec.StepsPerCode;

    /// <summary>Creates a transformer from codes to series that shares the network.</summary>
    /// <param name="outputColumnName">The column to add, Vector&lt;Single&gt;: as long as the rows of the training data where all have one
    /// known length, otherwise <see cref="StepsPerCode"/> time steps for each position.</param>
    /// <param name="codesColumnName">The column of codes, as this transformer makes them; null for <see cref="OutputColumnName"/>. Keys are
    /// matched by their values where the column has any.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    public SeriesVqVaeDecoderTransformer Decoder(string outputColumnName, string? codesColumnName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        return new SeriesVqVaeDecoderTransformer(
            _model.Share(), new SeriesDecoderColumns(codesColumnName ?? OutputColumnName, outputColumnName));
    }

    /// <summary>Encodes one series.</summary>
    /// <param name="series">The values, time step by time step, as in a row of the training data.</param>
    /// <returns>The codes from 0 to K − 1, position by position, the G codes of a position side by side. (The keys of the column start at
    /// 1.)</returns>
    /// <exception cref="ArgumentException">There is another number of values than in a row of the training data, whose rows all have
    /// one.</exception>
    /// <exception cref="InvalidOperationException">A value is not a finite number, or the number of values is no multiple of
    /// <see cref="Channels"/>.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public int[] Encode(float[] series)
    {
        ArgumentNullException.ThrowIfNull(series);
        int? expected = _model.Description.TimeSteps * Channels;
        if (expected is int count && series.Length != count)
            throw new ArgumentException($"There are {series.Length} values; expected are {count}.", nameof(series));
        return ComputeCodes(ValueRow.Of(ValueRow.Numbers(InputColumnName, series, expected is int size ? [size] : [])));
    }

    /// <summary>Decodes the codes of one series.</summary>
    /// <param name="codes">The codes from 0 to K − 1, as <see cref="Encode"/> returns them.</param>
    /// <returns>The values, time step by time step: as many as in the rows of the training data if all have one length, otherwise
    /// <see cref="StepsPerCode"/> time steps per position.</returns>
    /// <exception cref="ArgumentException">There is another number of codes, or a code is out of range.</exception>
    /// <exception cref="InvalidOperationException">The number of codes is no multiple of <see cref="CodesPerPosition"/>.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public float[] Decode(int[] codes) =>
        new SeriesVqVaeDecoderTransformer(_model, new SeriesDecoderColumns("Codes", "Series")).Decode(codes);

    private protected override string About =>
        $"Series VQ-VAE, encoder: '{InputColumnName}' ({_model.Description.SeriesText()}) → "
        + $"'{OutputColumnName}' ({_model.Description.CodesText()})";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}

/// <summary>Adds a column of time series to a column of codes; see <see cref="SeriesVqVaeTransformer.Decoder"/>.</summary>
public sealed class SeriesVqVaeDecoderTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeSeriesDecoder";

    static readonly ModelFormat<Saved<SeriesModelDescription, SeriesDecoderColumns>, SeriesModelDescription, SeriesVqVae> Format =
        new("VQVAESDC", LoaderSignature, SavedJson.Default.SeriesDecoder);

    readonly SeriesModel _model;
    readonly SeriesDecoderColumns _columns;

    internal SeriesVqVaeDecoderTransformer(SeriesModel model, SeriesDecoderColumns columns)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(), inputs => new SeriesDecoderPass(model, inputs))) =>
        (_model, _columns) = (model, columns);

    // Found by ML.NET by its name and parameters.
    static SeriesVqVaeDecoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new SeriesVqVaeDecoderTransformer(model, saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of series that is added.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>C: the number of values at each time step.</summary>
    public int Channels => _model.Description.Codec.Channels;

    /// <summary>Decodes the codes of one series; see <see cref="SeriesVqVaeTransformer.Decode"/>.</summary>
    /// <param name="codes">The codes from 0 to K − 1.</param>
    /// <returns>The values, time step by time step.</returns>
    /// <exception cref="ArgumentException">There is another number of codes, or a code is out of range.</exception>
    /// <exception cref="InvalidOperationException">The number of codes is no multiple of that of a position.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public float[] Decode(int[] codes) =>
        ComputeNumbers(ValueRow.Of(ValueRow.Codes(CodesColumnName, codes, _model.Description.ToCodes())));

    private protected override string About =>
        $"Series VQ-VAE, decoder: '{CodesColumnName}' ({_model.Description.CodesText()}) → "
        + $"'{OutputColumnName}' ({_model.Description.SeriesText()})";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
