using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

[assembly: LoadableClass(typeof(PriorTransformer), null, typeof(SignatureLoadModel), "VQ-VAE prior", PriorTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="ITransformer"/> resulting from fitting a <see cref="PriorEstimator"/>; it adds −log2 p of the codes of a row in bits,
/// which are high for rows unlike the training data, and samples new codes.
/// </summary>
public sealed class PriorTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaePrior";

    static readonly ModelFormat<Saved<PriorDescription, PriorColumns>, PriorDescription, CodePrior> Format =
        new("VQVAEPRI", LoaderSignature, SavedJson.Default.Prior);

    const int MaxDefaultLength = 1 << 14;

    readonly PriorModel _model;
    readonly PriorColumns _columns;
    readonly int _maxCodes;

    internal PriorTransformer(
        PriorModel model, PriorColumns columns, TrainingSummary? training = null, long maxLogits = PriorPass.DefaultMaxLogits,
        int maxCodes = SampledCodes.MaxCodesOfRequest)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(), inputs => new PriorPass(model, inputs, maxLogits)), training) =>
        (_model, _columns, _maxCodes) = (model, columns, maxCodes);

    // Called by ML.NET, which finds it by its name and parameters.
    static PriorTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new PriorTransformer(model, saved.Columns));

    internal PriorModel Model => _model;

    internal PriorColumns Columns => _columns;

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of conditions, or null.</summary>
    public string? ConditionColumnName => _columns.Condition;

    /// <summary>The column of bits that is added: a Single, the sum over the row.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>The column of bits per code that is added, or null.</summary>
    public string? PerCodeColumnName => _columns.PerCode;

    /// <summary>The kind of the network: <see cref="PriorNetwork.PixelCnn"/>, <see cref="PriorNetwork.WaveNet"/> or
    /// <see cref="PriorNetwork.Custom"/>.</summary>
    public PriorNetwork Network => _model.Description switch
    {
        { PixelCnn: not null } => PriorNetwork.PixelCnn,
        { WaveNet: not null } => PriorNetwork.WaveNet,
        _ => PriorNetwork.Custom,
    };

    /// <summary>K: number of codes in the codebook.</summary>
    public int Codes => _model.Description.Format.Codes;

    /// <summary>Number of codes in a row; null if rows may be of any length.</summary>
    public int? CodesPerRow => _model.Description.Format.Length;

    /// <summary>The conditions of the training data, in the order of their keys; numbers from 1 if the keys had no values. Empty for a
    /// prior without conditions.</summary>
    public IReadOnlyList<string> Conditions => [.. _model.Description.Conditions?.Known ?? []];

    /// <summary>Samples rows of codes with the same condition.</summary>
    /// <param name="mlContext">The <see cref="MLContext"/> of the data view, whose seed is used if the options have none.</param>
    /// <param name="count">Number of rows; at least 1.</param>
    /// <param name="condition">The condition of all rows: one of <see cref="Conditions"/>. Null for a prior without conditions.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>A data view in memory with a column of codes and, with conditions, one of conditions, with the names, types and annotations
    /// of the training data, which the decoder of a codec accepts. All codes are sampled by this call.</returns>
    /// <exception cref="ArgumentException">The count or an option is invalid, the condition is missing or the prior has none, or no row of
    /// the training data has the condition.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    /// <exception cref="OperationCanceledException">The cancellation token of the options was canceled.</exception>
    /// <example>
    /// <code>
    /// IDataView images = codec.Decoder("Pixels").Transform(prior.Sample(ml, 16, "Sneaker"));
    /// </code>
    /// </example>
    public IDataView Sample(MLContext mlContext, int count, string? condition = null, SamplingOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (_model.Description.Conditions is CategorySet set && condition is null)
        {
            throw new ArgumentException(
                $"The prior is conditioned on '{ConditionColumnName}': name a condition, one of {set.Listed()}.", nameof(condition));
        }
        if (_model.Description.Conditions is null && condition is not null)
            throw new ArgumentException($"The prior has no conditions, but '{condition}' was requested.", nameof(condition));
        int? index = condition is null ? null : _model.Description.Conditions!.IndexOf(condition, "condition", nameof(condition));
        return Sample(mlContext, count, index is int one ? _ => one : null, options);
    }

    /// <summary>Samples a row of codes for each condition, in order.</summary>
    /// <param name="mlContext">The <see cref="MLContext"/> of the data view, whose seed is used if the options have none.</param>
    /// <param name="conditions">The condition of each row, out of <see cref="Conditions"/>; at least one.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>As for <see cref="Sample(MLContext, int, string?, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">An option is invalid, there are no conditions, or no row of the training data has one of
    /// them.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    /// <exception cref="OperationCanceledException">The cancellation token of the options was canceled.</exception>
    public IDataView Sample(MLContext mlContext, IReadOnlyCollection<string> conditions, SamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        CategorySet set = _model.Description.Conditions
            ?? throw new ArgumentException("The prior has no conditions: pass the number of rows instead.", nameof(conditions));
        ArgumentOutOfRangeException.ThrowIfZero(conditions.Count, nameof(conditions));
        int[] classes = [.. conditions.Select(name => set.IndexOf(name, "condition", nameof(conditions)))];
        return Sample(mlContext, classes.Length, row => classes[row], options);
    }

    IDataView Sample(MLContext mlContext, int count, Func<int, int>? classOf, SamplingOptions? options)
    {
        SamplingSettings settings = Settings(mlContext, ref options);
        int length = CodesPerRow ?? options.Length ?? DefaultLength;
        int mostRows = SampledCodes.RowsOfRequest(length, settings.BatchSize, _maxCodes);
        var keys = new List<uint[]>();
        using SharedNetwork.Holding holding = _model.Hold();
        while (keys.Count < count)
        {
            using DisposeScope scope = NewDisposeScope();
            int first = keys.Count, rows = Math.Min(mostRows, count - first);
            keys.AddRange(SampledCodes.ToKeys(_model.Network.Sample(new SampleRequest(settings)
            {
                Count = rows,
                FirstSample = first,
                Length = length,
                Conditions = classOf is null ? null : tensor(Enumerable.Range(first, rows).Select(row => (long)classOf(row)).ToArray()),
                Progress = ProgressShare.Of(settings.Progress, first, rows, count),
            })));
        }
        return SampledCodes.View(
            mlContext, [.. keys], classOf is null ? null : [.. Enumerable.Range(0, count).Select(classOf)], _model.Description, _columns);
    }

    /// <summary>Completes rows: given codes are kept, and missing ones (key 0) are sampled. A sampled code depends on the preceding codes,
    /// sampled or given, in raster order; it does not depend on given codes after it.</summary>
    /// <param name="mlContext">The <see cref="MLContext"/> of the data view, whose seed is used if the options have none.</param>
    /// <param name="data">The rows, of which the column of codes and, with conditions, the column of conditions are read.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>The completed rows, in order; otherwise as for <see cref="Sample(MLContext, int, string?, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">An option is invalid, or a column is missing or has another type than in training.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, or a row has a code that is out of range, another number of codes, or
    /// a condition that is not in the training data.</exception>
    /// <exception cref="ObjectDisposedException">The transformer was disposed.</exception>
    /// <exception cref="OperationCanceledException">The cancellation token of the options was canceled.</exception>
    public IDataView Complete(MLContext mlContext, IDataView data, SamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        SamplingSettings settings = Settings(mlContext, ref options);
        CodeFormat format = _model.Description.Format;
        DataViewSchema.Column codes = format.Find(data.Schema, _columns.Codes);
        CategoryColumn? condition = _model.Description.Conditions?.Find(data.Schema, _columns.Condition!, "condition");
        CodeStore given = CodeStore.Read(
            data, format.ToRequirements(codes, missingAllowed: true), condition, "complete", options.CancellationToken);
        int[] rows = [.. Enumerable.Range(0, given.Count)];
        int[] lengths = Array.ConvertAll(rows, row => Math.Max(given.LengthOf(row), options.Length ?? 0));
        int mostRows = SampledCodes.RowsOfRequest(lengths.Max(), settings.BatchSize, _maxCodes);
        var keys = new List<uint[]>();
        using SharedNetwork.Holding holding = _model.Hold();
        while (keys.Count < given.Count)
        {
            using DisposeScope scope = NewDisposeScope();
            int first = keys.Count, count = Math.Min(mostRows, given.Count - first);
            int[] wanted = lengths[first..(first + count)];
            Tensor[] read = given.ReadBatch(rows.AsSpan(first, count), wanted.Max(), filling: -1);
            keys.AddRange(SampledCodes.ToKeys(_model.Network.Sample(new SampleRequest(settings)
            {
                Count = count,
                FirstSample = first,
                Length = wanted.Max(),
                Lengths = wanted,
                Conditions = read.Length > 2 ? read[2] : null,
                Given = read[0],
                Progress = ProgressShare.Of(settings.Progress, first, count, given.Count),
            }), wanted));
        }
        return SampledCodes.View(
            mlContext, [.. keys], condition is null ? null : given.Conditions, _model.Description, _columns);
    }

    // Each code takes a step: a mean of millions, in a file, would take hours.
    int DefaultLength => _model.Description.MeanLength <= MaxDefaultLength
        ? Math.Max(1, (int)Math.Round(_model.Description.MeanLength))
        : throw new InvalidOperationException(
            $"The rows of column '{_columns.Codes}' that the prior was trained on have a mean of more than {MaxDefaultLength} codes: say how "
            + $"many to sample, {nameof(SamplingOptions)}.{nameof(SamplingOptions.Length)}.");

    SamplingSettings Settings(MLContext mlContext, [System.Diagnostics.CodeAnalysis.NotNull] ref SamplingOptions? options)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        options ??= new SamplingOptions();
        options.Validate();
        if (options.Length is int length && CodesPerRow is int own && length != own)
        {
            throw new ArgumentOutOfRangeException(nameof(options), length,
                $"Rows of this prior have {own} codes; a Length of {length} cannot be sampled. Leave it null.");
        }
        return options.ToSettings(options.Seed ?? MLNetInternals.SeedOf(mlContext) ?? Random.Shared.Next());
    }

    internal override CategorySet? Classes => _model.Description.Conditions;

    internal override CodeFormat? CodeFormat => _model.Description.Format;

    private protected override string About
    {
        get
        {
            PriorDescription description = _model.Description;
            string network = description.Custom?.GetType().Name.Replace("Options", "", StringComparison.Ordinal) ?? Network.ToString();
            string given = description.Conditions is CategorySet set ? $" given '{ConditionColumnName}' ({set.Known.Count()} classes)" : "";
            return $"Prior, {network}: '{CodesColumnName}' ({description.Format.ToColumnType()}){given} → '{OutputColumnName}' (bits)";
        }
    }

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
