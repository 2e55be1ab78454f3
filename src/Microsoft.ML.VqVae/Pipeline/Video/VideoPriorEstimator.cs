using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains an action-conditioned prior over the codes of the next frame of video, given the
/// preceding frames: p(z_t | z_&lt;t, a_≤t), section 4.4 of "Neural Discrete Representation Learning" (van den Oord et al. 2017, arXiv
/// 1711.00937). The transformer scores frames and samples rollouts, entirely in the space of codes.
/// </summary>
/// <remarks>
/// A row is a frame; the rows of an episode are consecutive and in the order of time. The action of a row is the one that led from the
/// previous frame to this one; that of the first row of an episode is not used, and may be missing. Training uses every frame with at least
/// ContextFrames preceding frames, and the actions of the transformer are those that led to such frames.
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Codes | A vector [h, w] or [h, w, G] of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, as EncodeVideo outputs it for frames |
/// | Action | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey outputs it |
/// | Episode | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey outputs it |
/// | Bits | <xref:System.Single>: −log2 p of the codes of the frame, in bits; NaN for the first ContextFrames frames of an episode |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, and two keys |
/// | Output column data type | <xref:System.Single> |
/// | Is normalization required? | No |
/// | Is caching required? | No: the codes are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | No |
/// ]]></format>
///
/// The transformer matches codes by their key values, since MapValueToKey gives codes that were read from text other numbers, and by key
/// number where the column of the training data or of the rows has no key values.
/// </remarks>
public sealed class VideoPriorEstimator : NetworkEstimator<VideoPriorOptions, VideoPriorTransformer>
{
    readonly VideoPriorColumns _columns;

    internal VideoPriorEstimator(
        IHostEnvironment environment, string outputColumnName, string codesColumnName, string actionColumnName, string episodeColumnName,
        VideoPriorOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        ArgumentException.ThrowIfNullOrEmpty(actionColumnName);
        ArgumentException.ThrowIfNullOrEmpty(episodeColumnName);
        _columns = new VideoPriorColumns(codesColumnName, actionColumnName, episodeColumnName, outputColumnName);
        Outputs = _columns.ToOutputs();
    }

    private protected override void CheckInputs(SchemaShape inputSchema)
    {
        CodeFormat.Check(inputSchema, _columns.Codes, ofKnownSize: true);
        CategorySet.Check(inputSchema, _columns.Action, "action");
        EpisodeInput.CheckEpisode(inputSchema, _columns.Episode);
    }

    private protected override TrainingPlan<VideoPriorTransformer> Plan(IDataView input, int seed)
    {
        DataViewSchema.Column codes = SchemaColumns.Find(input.Schema, _columns.Codes, "codes");
        CodeFormat format = CodeFormat.Of(codes, Options.WarmStart?.CodeFormat);
        CategoryColumn action = CategorySet.FindNew(input.Schema, _columns.Action, "action");
        CategorySet actions = action.Set;
        DataViewSchema.Column episode = EpisodeInput.FindEpisode(input.Schema, _columns.Episode);
        VideoPriorDescription description = VideoPriorDescription.Resolve(codes, format, actions, Options);
        var columns = new EpisodeColumns(format.ToRequirements(codes), action, action, episode);
        EpisodeStore episodes = EpisodeStore.Read(
            input, columns, description.Network.ContextFrames, "train on", Options.Training.CancellationToken);
        episodes.RequireExamples();
        VideoCodePrior network = CreateNetwork(description, seed, actions);
        description = description with { Actions = actions.WithRows(episodes.Actions, Options.WarmStart?.Classes) };
        SettingsFingerprint fingerprint = new SettingsFingerprint()
            .Add("Network", description.Network, SavedJson.Default.VideoCodePriorOptions)
            .Add("frames", episodes.Count).Add("codes", episodes.TotalCodes);
        string subject = string.Create(CultureInfo.InvariantCulture,
            $"a prior on {episodes.Count} frames of {format.ToColumnType()} in {episodes.Episodes.Count} episodes");
        return new(new TrainingTask(network, network, episodes, fingerprint), subject,
            (device, summary) => new VideoPriorTransformer(new VideoPriorModel(description, network, device), _columns, summary));
    }
}
