using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(VideoPriorTransformer), null, typeof(SignatureLoadModel), "VQ-VAE video prior",
    VideoPriorTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// Adds what the codes of a frame cost given the frames before it and what was done, −log2 p in bits, and rolls video out: it makes the
/// codes of frames that have not been. What <see cref="VideoPriorEstimator"/> makes.
/// </summary>
/// <remarks>Rows are read in their order, since a frame's bits depend on the frames before: the transformer does not map single rows, and
/// its views do not shuffle.</remarks>
public sealed class VideoPriorTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeVideoPrior";
    const string ModelSignature = "VQVAEVID";

    readonly VideoPriorModel _model;
    readonly VideoPriorColumns _columns;

    internal VideoPriorTransformer(VideoPriorModel model, VideoPriorColumns columns, TrainingSummary? training = null)
        : base(model, new VideoPriorScoring(model, columns)) =>
        (_model, _columns, TrainingSummary) = (model, columns, training);

    // Found by ML.NET by its name and parameters.
    static VideoPriorTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedVideoPrior,
            (saved, weights) => new VideoPriorTransformer(VideoPriorModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of actions that is read.</summary>
    public string ActionColumnName => _columns.Action;

    /// <summary>The column that tells which episode a frame is of.</summary>
    public string EpisodeColumnName => _columns.Episode;

    /// <summary>The column of bits that is added: a Single, NaN for the first <see cref="ContextFrames"/> frames of an episode.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>How many frames before it a frame is predicted from.</summary>
    public int ContextFrames => _model.Description.Network.ContextFrames;

    /// <summary>The actions that rows of the training data had, in the order of their keys.</summary>
    public IReadOnlyList<string> Actions => [.. _model.Description.Actions.Known];

    /// <summary>What training came to; null for a transformer that was loaded. Losses are in nats a code.</summary>
    public TrainingSummary? TrainingSummary { get; }

    /// <summary>Goes on where each episode of the context ends, with the same actions in all of them.</summary>
    /// <param name="mlContext">Whose data view is made; its seed decides where the options have none.</param>
    /// <param name="context">Frames in the columns that the prior was trained on: codes, actions, episodes. For pictures instead of codes,
    /// transform them by the codec first. Each episode needs <see cref="ContextFrames"/> frames or more; the last of them are
    /// used.</param>
    /// <param name="actions">The actions, one for each frame to be made, of <see cref="Actions"/>.</param>
    /// <param name="count">How many rollouts of each episode; at least 1.</param>
    /// <param name="options">Temperature, seed, rollouts at a time and more; null for the defaults. Length says nothing here.</param>
    /// <returns>A data view in memory with a row for each frame made: the columns of codes, actions and episodes by the names, types and
    /// annotations of those that were given, so that the codec's decoder takes it, and <c>Rollout</c>, which of the rollouts of an episode
    /// it is, from 0. Episode comes after episode, within one rollout after rollout, within one frame after frame. All codes are made by
    /// this call, once.</returns>
    /// <exception cref="ArgumentException">An action is not known, an option cannot work, or a column is missing or of another type than in
    /// training.</exception>
    /// <exception cref="InvalidOperationException">An episode is shorter than the context that the prior needs, or a row does not
    /// fit.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
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

    /// <summary>Goes on where each episode of the context ends, with actions of its own for each.</summary>
    /// <param name="mlContext">Whose data view is made; its seed decides where the options have none.</param>
    /// <param name="context">As for the other overload.</param>
    /// <param name="actionsOfEpisode">The actions by the name of the episode, as many for each.</param>
    /// <param name="count">How many rollouts of each episode; at least 1.</param>
    /// <param name="options">As for the other overload.</param>
    /// <returns>As for <see cref="Rollout(MLContext, IDataView, IReadOnlyList{string}, int, SamplingOptions?)"/>.</returns>
    /// <exception cref="ArgumentException">As for the other overload, or an episode has no actions, or another number than the
    /// first.</exception>
    /// <exception cref="InvalidOperationException">As for the other overload.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
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
        EpisodeColumns columns = _model.Description.Find(context.Schema, _columns);
        EpisodeStore episodes = EpisodeStore.Read(context, columns, "go on from", options.CancellationToken);
        int seed = options.Seed ?? MLNetInternals.SeedOf(mlContext) ?? Random.Shared.Next();
        var rollout = new VideoRollout(_model, KeyNames.Of(columns.Episode), episodes, actions, count);
        return rollout.View(mlContext, columns, rollout.Run(options, seed));
    }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedVideoPrior(_model.Description, _columns), SavedModelJson.Default.SavedVideoPrior,
        _model.WriteWeights);
}
