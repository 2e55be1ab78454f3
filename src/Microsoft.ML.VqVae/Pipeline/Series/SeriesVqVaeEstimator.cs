using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains a VQ-VAE on a column of numeric time series, whose transformer adds their
/// discrete codes ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937).
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A vector of <xref:System.Single>: T time steps of C channels, time step by time step. T may differ from row to row |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K codes, with key values: N positions, or N × G |
/// | Reconstruction, on request | A vector of <xref:System.Single> as long as the input |
/// | Reconstruction error, on request | <xref:System.Single>: mean squared difference in units of the variance of each channel |
/// | Embeddings, on request | A vector of <xref:System.Single>: D·G numbers per position, position by position |
/// | Encoder outputs, on request | The same, before quantization |
///
/// ### Time
/// A code covers H time steps, 2 to the power of `Codec.Downsamplings`: code i covers the steps from i·H up to (i + 1)·H. A row of T steps
/// has N = ⌈T / H⌉ codes. Padding is left out of training, and does not change codes. An empty row has no codes; empty rows are left out of
/// training.
///
/// ### Known and Unknown Length
/// If the input column is a vector of known size, so are the columns of codes, reconstructions and embeddings, which MapKeyToVector and
/// other components require; the transformer then takes columns of that size only. If the size is unknown, rows may be of any length, and
/// ExpandFrames makes a row of each code.
///
/// ### Channels
/// Each channel is normalized by its mean and standard deviation in the training data, which are part of the model. A channel that never
/// changes in the training data keeps its scale.
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of <xref:System.Single> |
/// | Output column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Is normalization required? | No |
/// | Is caching required? | No: the series are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | Yes |
/// ]]></format>
/// </remarks>
public sealed class SeriesVqVaeEstimator : NetworkEstimator<SeriesVqVaeOptions, SeriesVqVaeTransformer>
{
    readonly SeriesEncoderColumns _columns;

    internal SeriesVqVaeEstimator(IHostEnvironment environment, string outputColumnName, string? inputColumnName, SeriesVqVaeOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        _columns = new SeriesEncoderColumns(
            inputColumnName ?? outputColumnName, outputColumnName, options.ReconstructionColumnName, options.ReconstructionErrorColumnName,
            options.EmbeddingsColumnName, options.EncoderOutputsColumnName);
        Outputs = _columns.ToOutputs();
    }

    private protected override void CheckInputs(SchemaShape inputSchema) =>
        SeriesInput.Check(inputSchema, _columns.Input, Options.Codec.Channels);

    private protected override TrainingPlan<SeriesVqVaeTransformer> Plan(IDataView input, int seed)
    {
        SeriesCodecOptions codec = Options.Codec.Copy();
        DataViewSchema.Column column = SeriesInput.Find(input.Schema, _columns.Input, codec.Channels);
        SeriesStore store = SeriesStore.Read(input, column, codec, Options.CropLength, seed, Options.Training.CancellationToken);
        var description = new SeriesModelDescription(
            codec, Options.Quantizer.Copy(), SeriesInput.TimeStepsOf(column, codec.Channels), Options.PredictionBatchSize);
        SeriesVqVae network = CreateNetwork(description, seed);
        if (Options.WarmStart is null)
        {
            (float[] means, float[] deviations) = store.Statistics();
            network.SetStatistics(means, deviations);
        }
        return new(new TrainingTask(network, network, store, FingerprintOf(description, store)), SubjectOf(description, store),
            (device, summary) => new SeriesVqVaeTransformer(new SeriesModel(description, network, device), _columns, summary));
    }

    static string SubjectOf(SeriesModelDescription description, SeriesStore store)
    {
        string empty = store.Empty == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {store.Empty} empty rows left out");
        return string.Create(CultureInfo.InvariantCulture,
            $"a VQ-VAE on {store.Rows} series of {description.Codec.Channels} channels, {store.TimeSteps} time steps{empty}: "
            + $"{description.Quantizer.CodebookSize} codes, one for {description.Codec.StepsPerCode} time steps");
    }

    static SettingsFingerprint FingerprintOf(SeriesModelDescription description, SeriesStore store) => new SettingsFingerprint()
        .Add("Codec", description.Codec, SavedJson.Default.SeriesCodecOptions)
        .Add("Quantizer", description.Quantizer, SavedJson.Default.QuantizerOptions)
        .Add("crop length", store.CropLength).Add("rows", store.Rows).Add("series", store.Hash);
}
