using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(VideoPriorTransformer), null, typeof(SignatureLoadModel), "VQ-VAE video prior",
    VideoPriorTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="ITransformer"/> resulting from fitting a <see cref="VideoPriorEstimator"/>; it adds −log2 p of the codes of a frame given
/// the preceding frames and the actions, in bits, and samples the codes of further frames.
/// </summary>
/// <remarks>Rows are read in order, since the bits of a frame depend on the preceding frames: the transformer cannot map single rows, and
/// its views cannot be shuffled.</remarks>
public sealed class VideoPriorTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeVideoPrior";

    static readonly ModelFormat<Saved<VideoPriorDescription, VideoPriorColumns>, VideoPriorDescription, VideoCodePrior> Format =
        new("VQVAEVID", LoaderSignature, SavedJson.Default.VideoPrior);

    readonly VideoPriorModel _model;
    readonly VideoPriorColumns _columns;
    readonly int _maxCodes;

    internal VideoPriorTransformer(
        VideoPriorModel model, VideoPriorColumns columns, TrainingSummary? training = null, int maxCodes = SampledCodes.MaxCodesOfRequest)
        : base(model.Map(columns.ToInput(model.Description), columns.ToOutputs(), inputs => new VideoPriorPass(model, inputs),
            needsRowsInOrder: true), training) =>
        (_model, _columns, _maxCodes) = (model, columns, maxCodes);

    // Called by ML.NET, which finds it by its name and parameters.
    static VideoPriorTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new VideoPriorTransformer(model, saved.Columns));

    internal VideoPriorModel Model => _model;

    internal VideoPriorColumns Columns => _columns;

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of actions that is read.</summary>
    public string ActionColumnName => _columns.Action;

    /// <summary>The column of episodes that is read.</summary>
    public string EpisodeColumnName => _columns.Episode;

    /// <summary>The column of bits that is added: a Single, NaN for the first <see cref="ContextFrames"/> frames of an episode.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>Number of preceding frames that a frame is predicted from.</summary>
    public int ContextFrames => _model.Description.Network.ContextFrames;

    /// <summary>The actions that led to frames of the training data with enough preceding ones, in the order of their keys; numbers from 1 if
    /// the keys had no values.</summary>
    public IReadOnlyList<string> Actions => [.. _model.Description.Actions.Known];

    /// <summary>Samples the frames that follow each episode of the context, with the same actions in all of them.</summary>
    /// <param name="mlContext">The <see cref="MLContext"/> of the data view, whose seed is used if the options have none.</param>
    /// <param name="context">Frames in the columns that the prior was trained on: codes, actions, episodes. Encode images with
    /// the codec first. Each episode needs at least <see cref="ContextFrames"/> frames, of which the last are used.</param>
    /// <param name="actions">The actions, out of <see cref="Actions"/>, one for each frame to sample.</param>
    /// <param name="count">Number of rollouts per episode; at least 1.</param>
    /// <param name="options">Temperature, seed, batch size and more; null for the defaults. Length is ignored.</param>
    /// <returns>A data view in memory with a row for each sampled frame: the columns of codes and actions with the types and annotations of
    /// the training data, which the decoder of the codec accepts, that of episodes with those of the context, and <c>Rollout</c>, an Int32,
    /// the number of the rollout of its episode, from 0. The rows are ordered by episode, then rollout, then frame. All codes are sampled by
    /// this call.</returns>
    /// <exception cref="ArgumentException">An action is not in the training data, an option is invalid, or a column is missing or has
    /// another type than in training.</exception>
    /// <exception cref="InvalidOperationException">An episode is shorter than the context that the prior needs, a row is unsuitable, or a
    /// column that the prior reads is named <c>Rollout</c>.</exception>
    /// <exception cref="OperationCanceledException">The cancellation token of the options was canceled.</exception>
    /// <example>
    /// <code>
    /// IDataView frames = codec.Decoder("Pixels").Transform(prior.Rollout(ml, context, Enumerable.Repeat("left", 10).ToArray()));
    /// </code>
    /// </example>
    public IDataView Rollout(
        MLContext mlContext, IDataView context, IReadOnlyList<string> actions, int count = 1, SamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(actions);
        return Rollout(mlContext, context, _ => actions, count, options);
    }

    /// <summary>Samples the frames that follow each episode of the context, with different actions per episode.</summary>
    /// <param name="mlContext">The <see cref="MLContext"/> of the data view, whose seed is used if the options have none.</param>
    /// <param name="context">As for the other overload.</param>
    /// <param name="actionsOfEpisode">The actions by the name of the episode, the same number for each.</param>
    /// <param name="count">Number of rollouts per episode; at least 1.</param>
    /// <param name="options">As for the other overload.</param>
    /// <returns>As for <see cref="Rollout(MLContext, IDataView, IReadOnlyList{string}, int, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">As for the other overload, or an episode has no actions, or another number than the
    /// first.</exception>
    /// <exception cref="InvalidOperationException">As for the other overload.</exception>
    /// <exception cref="OperationCanceledException">The cancellation token of the options was canceled.</exception>
    public IDataView Rollout(
        MLContext mlContext, IDataView context, IReadOnlyDictionary<string, IReadOnlyList<string>> actionsOfEpisode, int count = 1,
        SamplingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(actionsOfEpisode);
        return Rollout(mlContext, context, episode => actionsOfEpisode.TryGetValue(episode, out IReadOnlyList<string>? actions)
            ? actions
            : throw new ArgumentException($"There are no actions for the episode '{episode}' of the context.", nameof(actionsOfEpisode)),
            count, options);
    }

    IDataView Rollout(
        MLContext mlContext, IDataView context, Func<string, IReadOnlyList<string>> actions, int count, SamplingOptions? options)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        ArgumentNullException.ThrowIfNull(context);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        options ??= new SamplingOptions();
        options.Validate();
        VideoRollout.RequireOtherNames(CodesColumnName, ActionColumnName, EpisodeColumnName);
        EpisodeColumns columns = _columns.ToInput(_model.Description).Bind(context.Schema);
        EpisodeStore episodes = EpisodeStore.Read(context, columns, ContextFrames, "go on from", options.CancellationToken);
        SamplingSettings settings = options.ToSettings(options.Seed ?? MLNetInternals.SeedOf(mlContext) ?? Random.Shared.Next());
        var rollout = new VideoRollout(_model, KeyNames.Of(columns.Episode), episodes, actions, count);
        return rollout.View(mlContext, columns, rollout.Run(settings, _maxCodes));
    }

    internal override CategorySet? Classes => _model.Description.Actions;

    internal override CodeFormat? CodeFormat => _model.Description.Format;

    private protected override string About => $"Prior over video: '{CodesColumnName}' ({_model.Description.Format.ToColumnType()}) given "
        + $"{ContextFrames} frames and '{ActionColumnName}' ({Actions.Count} actions) → '{OutputColumnName}' (bits)";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
