using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Learns how the codes of video go on, given what is done: p(z_t | z_&lt;t, a_≤t), section 4.4 of "Neural Discrete Representation
/// Learning" (van den Oord et al. 2017, arXiv 1711.00937). It gives a transformer that scores frames and rolls the video out, entirely in
/// the space of codes.
/// </summary>
/// <remarks>
/// A row is a frame; the rows of an episode follow one another in the order of time. The action of a row is what was done while the world
/// went from the frame before to this one.
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A vector [h, w] or [h, w, G] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, as EncodeVideo makes it of frames |
/// | Action | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey makes it |
/// | Episode | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey makes it |
/// | Bits | <xref:System.Single>: −log2 p of the frame's codes; NaN for the first ContextFrames frames of an episode |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, and two keys |
/// | Output column data type | <xref:System.Single> |
/// | Is normalization required? | No |
/// | Is caching required? | No: the codes are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.VqVae and a TorchSharp package with libtorch, for example TorchSharp-cpu |
/// | Exportable to ONNX | No |
/// ]]></format>
/// </remarks>
public sealed class VideoPriorEstimator : IEstimator<VideoPriorTransformer>
{
    readonly IHostEnvironment _environment;
    readonly VideoPriorColumns _columns;
    readonly VideoPriorOptions _options;

    internal VideoPriorEstimator(
        IHostEnvironment environment, string outputColumnName, string codesColumnName, string actionColumnName, string episodeColumnName,
        VideoPriorOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        ArgumentException.ThrowIfNullOrEmpty(actionColumnName);
        ArgumentException.ThrowIfNullOrEmpty(episodeColumnName);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_environment, _options) = (environment, options);
        _columns = new VideoPriorColumns(codesColumnName, actionColumnName, episodeColumnName, outputColumnName);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a type that holds no codes, actions or
    /// episodes.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CodeFormat.Check(inputSchema, _columns.Codes);
        ConditionSet.Check(inputSchema, _columns.Action);
        VideoPriorDescription.CheckEpisode(inputSchema, _columns.Episode);
        SchemaShape.Column made = ModelColumns.NumberShape(_columns.Output);
        return new SchemaShape(inputSchema.Where(column => column.Name != made.Name).Append(made));
    }

    /// <summary>Reads the episodes once, checks them, and trains on every frame that has enough others before it.</summary>
    /// <param name="input">The training data; only the columns of codes, actions and episodes are read.</param>
    /// <returns>The trained transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or its type or size will not do.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a code, an action or an episode is missing, the frames of an episode
    /// do not follow one another, no episode is longer than the context, or a GPU was asked for and is not there.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled.</exception>
    public VideoPriorTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _options.Validate();
        DataViewSchema.Column codes = SchemaColumns.Find(input.Schema, _columns.Codes, "codes");
        CodeFormat format = CodeFormat.Of(codes);
        DataViewSchema.Column action = SchemaColumns.Find(input.Schema, _columns.Action, "action");
        ConditionSet actions = ConditionSet.Of(action);
        DataViewSchema.Column episode = VideoPriorDescription.FindEpisode(input.Schema, _columns.Episode);
        VideoPriorDescription description = VideoPriorDescription.Resolve(codes, format, actions, _options);
        Device device = DeviceChoice.For(_environment);
        var columns = new EpisodeColumns(codes, action, episode, new CodesWanted(format.Codes, format.Length), actions.AllKeys());
        EpisodeStore episodes = EpisodeStore.Read(input, columns, "train on", _options.Training.CancellationToken);
        description = description with { Actions = actions.WithRows(episodes.Actions) };
        (VideoPriorModel model, TrainingSummary summary) =
            VideoPriorTraining.Run(_environment, _options.Training, description, episodes, device);
        return new VideoPriorTransformer(model, _columns, summary);
    }
}
