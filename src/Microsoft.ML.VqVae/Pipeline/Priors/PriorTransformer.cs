using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(PriorTransformer), null, typeof(SignatureLoadModel), "VQ-VAE prior", PriorTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// Adds what a row's codes cost under a learnt distribution, −log2 p in bits: few for what is like the training data, many for what is
/// not. It also makes new codes; what <see cref="PriorEstimator"/> makes.
/// </summary>
public sealed class PriorTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaePrior";
    const string ModelSignature = "VQVAEPRI";

    readonly PriorModel _model;
    readonly PriorColumns _columns;

    internal PriorTransformer(PriorModel model, PriorColumns columns, TrainingSummary? training = null)
        : base(model, new PriorScoring(model, columns)) =>
        (_model, _columns, TrainingSummary) = (model, columns, training);

    // Found by ML.NET by its name and parameters.
    static PriorTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedPrior,
            (saved, weights) => new PriorTransformer(PriorModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of what the codes are conditioned on, or null.</summary>
    public string? ConditionColumnName => _columns.Condition;

    /// <summary>The column of bits that is added: a Single, the total of the row.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>The column of bits of each code that is added, or null.</summary>
    public string? PerCodeColumnName => _columns.PerCode;

    /// <summary>Which network it is: <see cref="PriorNetwork.PixelCnn"/> or <see cref="PriorNetwork.WaveNet"/>.</summary>
    public PriorNetwork Network => _model.Description.PixelCnn is not null ? PriorNetwork.PixelCnn : PriorNetwork.WaveNet;

    /// <summary>K: how many codes there are to choose from.</summary>
    public int Codes => _model.Description.Format.Codes;

    /// <summary>How many codes a row has; null where rows may be of any length.</summary>
    public int? CodesPerRow => _model.Description.Format.Length;

    /// <summary>The values of the condition column that rows of the training data had, in the order of its keys; a number, from 1, where
    /// the column did not say what its keys stand for. Empty for a prior without conditions.</summary>
    public IReadOnlyList<string> Conditions => [.. _model.Description.Conditions?.Known ?? []];

    /// <summary>What training came to; null for a transformer that was loaded. Losses are in nats a code.</summary>
    public TrainingSummary? TrainingSummary { get; }

    /// <summary>Samples rows of codes, all of one condition.</summary>
    /// <param name="mlContext">Whose data view is made; its seed decides where the options have none.</param>
    /// <param name="count">How many rows; at least 1.</param>
    /// <param name="condition">What the codes are to be like: one of <see cref="Conditions"/>. Null for a prior without conditions.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>A data view in memory with a column of codes, and one of conditions, of the names, types and annotations of those that the
    /// prior was trained on, so that a codec's decoder takes it. All codes are made by this call, once.</returns>
    /// <exception cref="ArgumentException">The count or an option cannot work, the condition is missing or not wanted, or no row of the
    /// training data had it.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    /// <example>
    /// <code>
    /// IDataView pictures = codec.Decoder("Pixels").Transform(prior.Sample(ml, 16, "Sneaker"));
    /// </code>
    /// </example>
    public IDataView Sample(MLContext mlContext, int count, string? condition = null, SamplingOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (_model.Description.Conditions is ConditionSet set && condition is null)
        {
            throw new ArgumentException(
                $"The prior is conditioned on '{ConditionColumnName}': name a condition, one of {set.Listed()}.", nameof(condition));
        }
        if (_model.Description.Conditions is null && condition is not null)
            throw new ArgumentException($"The prior has no conditions, but '{condition}' is asked for.", nameof(condition));
        int? index = condition is null ? null : _model.Description.Conditions!.IndexOf(condition, nameof(condition));
        return Sample(mlContext, count, index is int one ? [.. Enumerable.Repeat(one, count)] : null, options);
    }

    /// <summary>Samples a row of codes for each of some conditions, in their order.</summary>
    /// <param name="mlContext">Whose data view is made; its seed decides where the options have none.</param>
    /// <param name="conditions">The condition of each row, of <see cref="Conditions"/>; at least one.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>As for <see cref="Sample(MLContext, int, string?, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">An option cannot work, there are no conditions, or no row of the training data had
    /// one.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    public IDataView Sample(MLContext mlContext, IReadOnlyCollection<string> conditions, SamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        ConditionSet set = _model.Description.Conditions
            ?? throw new ArgumentException("The prior has no conditions: say how many rows instead.", nameof(conditions));
        ArgumentOutOfRangeException.ThrowIfZero(conditions.Count, nameof(conditions));
        return Sample(mlContext, conditions.Count, [.. conditions.Select(name => set.IndexOf(name, nameof(conditions)))], options);
    }

    IDataView Sample(MLContext mlContext, int count, int[]? classes, SamplingOptions? options)
    {
        PriorSampling sampling = Sampling(mlContext, ref options);
        int length = CodesPerRow ?? options.Length ?? Math.Max(1, (int)Math.Round(_model.Description.MeanLength));
        return SampledCodes.View(mlContext, sampling.Sample(count, length, classes), classes, _model.Description, _columns);
    }

    /// <summary>Completes rows: the codes that are there stay, those that are missing (key 0) are sampled. A sampled code depends on those
    /// before it, sampled or given, in raster order; given codes behind it do not influence it.</summary>
    /// <param name="mlContext">Whose data view is made; its seed decides where the options have none.</param>
    /// <param name="data">The rows: the column of codes and, for a prior with conditions, that of conditions. Others are not
    /// read.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>A row for each, in their order; as for <see cref="Sample(MLContext, int, string?, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">An option cannot work, or a column is missing or of another type than in training.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, or a row has a code that is out of range, another number of codes, or
    /// a condition that no row of the training data had.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    public IDataView Complete(MLContext mlContext, IDataView data, SamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        PriorSampling sampling = Sampling(mlContext, ref options);
        CodeFormat format = _model.Description.Format;
        DataViewSchema.Column codes = SchemaColumns.Find(data.Schema, _columns.Codes, "codes");
        format.Check(codes);
        (DataViewSchema.Column, ConditionKeys)? condition = null;
        if (_model.Description.Conditions is ConditionSet set)
        {
            DataViewSchema.Column column = SchemaColumns.Find(data.Schema, _columns.Condition!, "condition");
            condition = (column, set.KeysOf(column));
        }
        CodeStore given = CodeStore.Read(data, (codes, new CodesWanted(format.Codes, format.Length, MissingAllowed: true)), condition,
            "complete", options.CancellationToken);
        return SampledCodes.View(
            mlContext, sampling.Complete(given), condition is null ? null : given.Conditions, _model.Description, _columns);
    }

    PriorSampling Sampling(MLContext mlContext, [System.Diagnostics.CodeAnalysis.NotNull] ref SamplingOptions? options)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        options ??= new SamplingOptions();
        options.Validate();
        if (options.Length is int length && CodesPerRow is int own && length != own)
        {
            throw new ArgumentOutOfRangeException(nameof(options), length,
                $"Rows of this prior have {own} codes; a Length of {length} cannot be sampled. Leave it null.");
        }
        return new PriorSampling(_model, options, options.Seed ?? MLNetInternals.SeedOf(mlContext) ?? Random.Shared.Next());
    }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedPrior(_model.Description, _columns), SavedModelJson.Default.SavedPrior,
        _model.WriteWeights);
}
