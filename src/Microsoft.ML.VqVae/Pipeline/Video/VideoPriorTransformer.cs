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
/// Adds the cost of a frame's codes given the frames before it and the actions, −log2 p in bits, and rolls video out: it samples the codes
/// of further frames. The result of <see cref="VideoPriorEstimator"/>.
/// </summary>
/// <remarks>Rows are read in their order, since a frame's bits depend on the frames before: the transformer does not map single rows, and
/// its views do not shuffle.</remarks>
public sealed class VideoPriorTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeVideoPrior";

    static readonly ModelFormat<Saved<VideoPriorDescription, VideoPriorColumns>, VideoPriorDescription, VideoCodePrior> Format =
        new("VQVAEVID", LoaderSignature, SavedJson.Default.VideoPrior);

    readonly VideoPriorModel _model;
    readonly VideoPriorColumns _columns;

    internal VideoPriorTransformer(VideoPriorModel model, VideoPriorColumns columns, TrainingSummary? training = null)
        : base(model, new BatchMapping<VideoPriorModel, VideoPriorPass>(model, model.Description.PredictionBatchSize,
            columns.ToInput(model.Description), columns.ToOutputs(), inputs => new VideoPriorPass(model, inputs), needsRowsInOrder: true),
            training) =>
        (_model, _columns) = (model, columns);

    // Found by ML.NET by its name and parameters.
    static VideoPriorTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new VideoPriorTransformer(model, saved.Columns));

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

    /// <summary>The actions that rows of the training data had, in the order of their keys.</summary>
    public IReadOnlyList<string> Actions => [.. _model.Description.Actions.Known];

    /// <summary>Samples the frames that follow each episode of the context, with the same actions in all of them.</summary>
    /// <param name="mlContext">The context of the data view; its seed is used if the options have none.</param>
    /// <param name="context">Frames in the columns that the prior was trained on: codes, actions, episodes. Transform images by
    /// the codec first. Each episode needs <see cref="ContextFrames"/> frames or more; the last of them are
    /// used.</param>
    /// <param name="actions">The actions, one for each frame to be sampled, of <see cref="Actions"/>.</param>
    /// <param name="count">Number of rollouts of each episode; at least 1.</param>
    /// <param name="options">Temperature, seed, rollouts at a time and more; null for the defaults. Length is not used.</param>
    /// <returns>A data view in memory with a row for each sampled frame: the columns of codes, actions and episodes with the names, types
    /// and annotations of those that were given, so that the codec's decoder takes it, and <c>Rollout</c>, the number of the rollout of its
    /// episode, from 0. The rows are ordered by episode, then rollout, then frame. All codes are sampled by this call, once.</returns>
    /// <exception cref="ArgumentException">An action is not known, an option cannot work, or a column is missing or of another type than in
    /// training.</exception>
    /// <exception cref="InvalidOperationException">An episode is shorter than the context that the prior needs, or a row does not
    /// fit.</exception>
    /// <exception cref="OperationCanceledException">The options' token was canceled.</exception>
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

    /// <summary>Samples the frames that follow each episode of the context, with actions of its own for each.</summary>
    /// <param name="mlContext">The context of the data view; its seed is used if the options have none.</param>
    /// <param name="context">As for the other overload.</param>
    /// <param name="actionsOfEpisode">The actions by the name of the episode, as many for each.</param>
    /// <param name="count">Number of rollouts of each episode; at least 1.</param>
    /// <param name="options">As for the other overload.</param>
    /// <returns>As for <see cref="Rollout(MLContext, IDataView, IReadOnlyList{string}, int, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">As for the other overload, or an episode has no actions, or another number than the
    /// first.</exception>
    /// <exception cref="InvalidOperationException">As for the other overload.</exception>
    /// <exception cref="OperationCanceledException">The options' token was canceled.</exception>
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
        EpisodeColumns columns = _columns.ToInput(_model.Description).Bind(context.Schema);
        EpisodeStore episodes = EpisodeStore.Read(context, columns, ContextFrames, "go on from", options.CancellationToken);
        SamplingSettings settings = options.ToSettings(options.Seed ?? MLNetInternals.SeedOf(mlContext) ?? Random.Shared.Next());
        var rollout = new VideoRollout(_model, KeyNames.Of(columns.Episode), episodes, actions, count);
        return rollout.View(mlContext, columns, rollout.Run(settings));
    }

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
