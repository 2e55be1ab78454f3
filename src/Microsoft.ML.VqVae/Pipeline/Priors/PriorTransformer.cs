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
/// Adds the cost of a row's codes under a learned distribution, −log2 p in bits: low for rows that are like the training data, high for
/// others. It also samples new codes. The result of <see cref="PriorEstimator"/>.
/// </summary>
public sealed class PriorTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaePrior";

    static readonly ModelFormat<Saved<PriorDescription, PriorColumns>, PriorDescription, CodePrior> Format =
        new("VQVAEPRI", LoaderSignature, SavedJson.Default.Prior);

    readonly PriorModel _model;
    readonly PriorColumns _columns;

    internal PriorTransformer(
        PriorModel model, PriorColumns columns, TrainingSummary? training = null, long maxLogits = PriorPass.DefaultMaxLogits)
        : base(model, new BatchMapping<PriorModel, PriorPass>(model, model.Description.PredictionBatchSize, columns.ToInput(model),
            columns.ToOutputs(), inputs => new PriorPass(model, inputs, maxLogits)), training) =>
        (_model, _columns) = (model, columns);

    // Found by ML.NET by its name and parameters.
    static PriorTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new PriorTransformer(model, saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of conditions, or null.</summary>
    public string? ConditionColumnName => _columns.Condition;

    /// <summary>The column of bits that is added: a Single, the total of the row.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>The column of bits of each code that is added, or null.</summary>
    public string? PerCodeColumnName => _columns.PerCode;

    /// <summary>The kind of the network: <see cref="PriorNetwork.PixelCnn"/>, <see cref="PriorNetwork.WaveNet"/> or
    /// <see cref="PriorNetwork.Custom"/>.</summary>
    public PriorNetwork Network => _model.Description switch
    {
        { PixelCnn: not null } => PriorNetwork.PixelCnn,
        { WaveNet: not null } => PriorNetwork.WaveNet,
        _ => PriorNetwork.Custom,
    };

    /// <summary>K: number of codes to choose from.</summary>
    public int Codes => _model.Description.Format.Codes;

    /// <summary>Number of codes in a row; null where rows may be of any length.</summary>
    public int? CodesPerRow => _model.Description.Format.Length;

    /// <summary>The values of the condition column that rows of the training data had, in the order of its keys; numbers, from 1, if the
    /// column had no key values. Empty for a prior without conditions.</summary>
    public IReadOnlyList<string> Conditions => [.. _model.Description.Conditions?.Known ?? []];

    /// <summary>Samples rows of codes, all of one condition.</summary>
    /// <param name="mlContext">The context of the data view; its seed is used if the options have none.</param>
    /// <param name="count">Number of rows; at least 1.</param>
    /// <param name="condition">The condition of all rows: one of <see cref="Conditions"/>. Null for a prior without conditions.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>A data view in memory with a column of codes, and one of conditions, with the names, types and annotations of those that
    /// the prior was trained on, so that a codec's decoder takes it. All codes are sampled by this call, once.</returns>
    /// <exception cref="ArgumentException">The count or an option cannot work, the condition is missing or not wanted, or no row of the
    /// training data had it.</exception>
    /// <exception cref="OperationCanceledException">The options' token was canceled.</exception>
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
            throw new ArgumentException($"The prior has no conditions, but '{condition}' is asked for.", nameof(condition));
        int? index = condition is null ? null : _model.Description.Conditions!.IndexOf(condition, "condition", nameof(condition));
        return Sample(mlContext, count, index is int one ? [.. Enumerable.Repeat(one, count)] : null, options);
    }

    /// <summary>Samples a row of codes for each of some conditions, in their order.</summary>
    /// <param name="mlContext">The context of the data view; its seed is used if the options have none.</param>
    /// <param name="conditions">The condition of each row, of <see cref="Conditions"/>; at least one.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>As for <see cref="Sample(MLContext, int, string?, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">An option cannot work, there are no conditions, or no row of the training data had
    /// one.</exception>
    /// <exception cref="OperationCanceledException">The options' token was canceled.</exception>
    public IDataView Sample(MLContext mlContext, IReadOnlyCollection<string> conditions, SamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        CategorySet set = _model.Description.Conditions
            ?? throw new ArgumentException("The prior has no conditions: say how many rows instead.", nameof(conditions));
        ArgumentOutOfRangeException.ThrowIfZero(conditions.Count, nameof(conditions));
        return Sample(mlContext, conditions.Count, [.. conditions.Select(name => set.IndexOf(name, "condition", nameof(conditions)))], options);
    }

    IDataView Sample(MLContext mlContext, int count, int[]? classes, SamplingOptions? options)
    {
        SamplingSettings settings = Settings(mlContext, ref options);
        using DisposeScope scope = NewDisposeScope();
        Tensor codes = _model.Network.Sample(new SampleRequest(settings)
        {
            Count = count,
            Length = CodesPerRow ?? options.Length ?? Math.Max(1, (int)Math.Round(_model.Description.MeanLength)),
            Conditions = classes is null ? null : tensor(Array.ConvertAll(classes, index => (long)index)),
        });
        return SampledCodes.View(mlContext, SampledCodes.ToKeys(codes), classes, _model.Description, _columns);
    }

    /// <summary>Completes rows: given codes stay, missing ones (key 0) are sampled. A sampled code depends on those before it, sampled or
    /// given, in raster order; given codes after it do not influence it.</summary>
    /// <param name="mlContext">The context of the data view; its seed is used if the options have none.</param>
    /// <param name="data">The rows: the column of codes and, for a prior with conditions, that of conditions. Others are not
    /// read.</param>
    /// <param name="options">Temperature, seed, length and more; null for the defaults.</param>
    /// <returns>A row for each, in their order; otherwise as for <see cref="Sample(MLContext, int, string?, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">An option cannot work, or a column is missing or of another type than in training.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, or a row has a code that is out of range, another number of codes, or
    /// a condition that no row of the training data had.</exception>
    /// <exception cref="OperationCanceledException">The options' token was canceled.</exception>
    public IDataView Complete(MLContext mlContext, IDataView data, SamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        SamplingSettings settings = Settings(mlContext, ref options);
        CodeFormat format = _model.Description.Format;
        DataViewSchema.Column codes = format.Find(data.Schema, _columns.Codes);
        (DataViewSchema.Column, CategoryKeys)? condition = null;
        if (_model.Description.Conditions is CategorySet set)
        {
            DataViewSchema.Column column = SchemaColumns.Find(data.Schema, _columns.Condition!, "condition");
            condition = (column, set.KeysOf(column, "condition"));
        }
        CodeStore given =
            CodeStore.Read(data, (codes, format.ToRequirements(missingAllowed: true)), condition, "complete", options.CancellationToken);
        int[] rows = [.. Enumerable.Range(0, given.Count)];
        int[] lengths = Array.ConvertAll(rows, row => Math.Max(given.LengthOf(row), options.Length ?? 0));
        using DisposeScope scope = NewDisposeScope();
        Tensor[] read = given.ReadBatch(rows, lengths.Max(), filling: -1);
        Tensor completed = _model.Network.Sample(new SampleRequest(settings)
        {
            Count = given.Count,
            Length = lengths.Max(),
            Lengths = lengths,
            Conditions = read.Length > 2 ? read[2] : null,
            Given = read[0],
        });
        return SampledCodes.View(mlContext, SampledCodes.ToKeys(completed, lengths), condition is null ? null : given.Conditions,
            _model.Description, _columns);
    }

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

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
