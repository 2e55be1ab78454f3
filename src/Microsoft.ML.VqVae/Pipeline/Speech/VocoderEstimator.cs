using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains a WaveNet (van den Oord et al. 2016, arXiv 1609.03499) to make sound of the log-mel
/// frames that an audio codec decodes its codes to. The envelope of a frame becomes the coefficients of linear prediction, and the network
/// models the excitation (ExcitNet, Song et al. 2018, arXiv 1811.04769).
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Frames | A vector of <xref:System.Single> of any length: the log-mel bands of each frame, frame by frame, from −80 to 80 |
/// | Waveform, in training | A vector of <xref:System.Single>: the sound that the frames describe |
/// | Output | A vector of <xref:System.Single> of any length: the samples that the frames cover, from −1 to 1 |
///
/// ### Time
/// With H samples per frame, a row of N frames becomes N·H samples. In training, a waveform of n samples has ⌈n / H⌉ frames. Rows without
/// frames become empty waveforms, and are left out of training.
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of <xref:System.Single> |
/// | Output column data type | Vector of <xref:System.Single> |
/// | Is normalization required? | No |
/// | Is caching required? | No: the rows are read once and kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | No: samples are drawn one after the other |
/// ]]></format>
/// </remarks>
public sealed class VocoderEstimator : NetworkEstimator<VocoderOptions, VocoderTransformer>
{
    readonly VocoderColumns _columns;

    internal VocoderEstimator(IHostEnvironment environment, string outputColumnName, string framesColumnName, VocoderOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(framesColumnName);
        _columns = new VocoderColumns(framesColumnName, outputColumnName);
        Outputs = _columns.ToOutputs();
    }

    private protected override void CheckInputs(SchemaShape inputSchema)
    {
        SeriesInput.Check(inputSchema, _columns.Frames, Options.Codec.Bands);
        WaveformInput.Check(inputSchema, Options.WaveformColumnName);
    }

    private protected override TrainingPlan<VocoderTransformer> Plan(IDataView input, int seed)
    {
        VocoderDescription description = Options.ToDescription(seed);
        DataViewSchema.Column frames = SeriesInput.Find(input.Schema, _columns.Frames, Options.Codec.Bands);
        DataViewSchema.Column waveform = WaveformInput.Find(input.Schema, Options.WaveformColumnName);
        VocoderStore store = VocoderStore.Read(
            input, frames, waveform, description, Options.CropFrames, seed, Options.Training);
        WaveNetVocoder network = CreateNetwork(description, seed, examples: store);
        if (Options.WarmStart is null)
        {
            (float[] means, float[] deviations) = store.Statistics();
            network.SetStatistics(means, deviations);
        }
        SettingsFingerprint fingerprint = new SettingsFingerprint()
            .Add("Codec", description.Spectrogram, SavedJson.Default.MelSpectrogramOptions)
            .Add("Network", description.Network, SavedJson.Default.WaveNetDecoderOptions)
            .Add("prediction order", description.PredictionOrder).Add("CropFrames", Options.CropFrames)
            .Add("rows", store.Rows).Add("rows", store.Hash);
        string subject = string.Create(CultureInfo.InvariantCulture,
            $"a vocoder on {store.Rows} rows of {description.FramesText()}: {store.Samples} samples");
        return new(new TrainingTask(network, network, store, fingerprint), subject,
            (device, summary) => new VocoderTransformer(new VocoderModel(description, network, device), _columns, summary));
    }
}
