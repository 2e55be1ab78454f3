using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="IEstimator{TTransformer}"/> that trains a VQ-VAE on a column of waveforms, whose transformer adds their discrete codes
/// ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937, section 4.3).
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A vector of <xref:System.Single> of any length: samples at the sample rate of the options, as LoadAudio outputs |
/// | Speaker, optional | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey outputs it |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K codes, G per position, of any length, with key values |
/// | Reconstruction, on request | A vector of <xref:System.Single> as long as the input |
/// | Embeddings, on request | A vector of <xref:System.Single>: D·G numbers per position, position by position |
/// | Encoder outputs, on request | The same, before quantization |
/// | Features, on request | A vector of <xref:System.Single>: what the encoder of a codec of features reads, frame by frame |
/// | Decoded frames, on request | A vector of <xref:System.Single>: the log-mel bands of each frame, frame by frame |
///
/// ### Time
/// With H samples per code (`SamplesPerCode`), code i covers the samples from i·H up to (i + 1)·H; its center lies
/// (i + 0.5)·H / sample rate seconds after the start. A waveform of n samples has ⌈n / H⌉ codes: it is padded with zeros, which are
/// ignored in training. An empty waveform has no codes, and an empty row of codes decodes to an empty waveform; rows with empty waveforms
/// are ignored in training.
///
/// ### Speakers
/// Speakers are identified by the values of their keys, so that another data set may number them differently. Speakers who are not in
/// the training data are encoded like others, normalized by the utterance alone, but decoding with them is an error that names the row.
/// If most speakers are new, use `FeatureNormalisation.Adapted`.
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of <xref:System.Single> |
/// | Output column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Is normalization required? | No |
/// | Is caching required? | No: the waveforms are read once, and their features are kept in memory |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet and a libtorch package, for example libtorch-cpu-linux-x64 |
/// | Exportable to ONNX | Codes, embeddings and encoder outputs of most codecs (docs/onnx.md); decoding to sound is not |
/// ]]></format>
/// </remarks>
public sealed class AudioVqVaeEstimator : NetworkEstimator<AudioVqVaeOptions, AudioVqVaeTransformer>
{
    readonly AudioEncoderColumns _columns;

    internal AudioVqVaeEstimator(IHostEnvironment environment, string outputColumnName, string? inputColumnName, AudioVqVaeOptions options)
        : base(environment, options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        _columns = new AudioEncoderColumns(
            inputColumnName ?? outputColumnName, outputColumnName, options.SpeakerColumnName, options.ReconstructionColumnName,
            options.EmbeddingsColumnName, options.EncoderOutputsColumnName, options.FeaturesColumnName, options.DecodedFramesColumnName);
        Outputs = _columns.ToOutputs();
    }

    private protected override void CheckInputs(SchemaShape inputSchema)
    {
        WaveformInput.Check(inputSchema, _columns.Input);
        if (_columns.Speaker is string speaker)
            CategorySet.Check(inputSchema, speaker, "speaker");
    }

    private protected override TrainingPlan<AudioVqVaeTransformer> Plan(IDataView input, int seed)
    {
        DataViewSchema.Column waveform = WaveformInput.Find(input.Schema, _columns.Input);
        CategoryColumn? speaker = _columns.Speaker is string name ? CategorySet.FindNew(input.Schema, name, "speaker") : null;
        CategorySet? speakers = speaker?.Set;
        var description = new AudioModelDescription(
            Options.Codec.Copy(), Options.Quantizer.Copy(), speakers, Options.PredictionBatchSize, seed);
        AudioVqVae network = CreateNetwork(description, seed, speakers);
        UtteranceFeatures? features = null;
        try
        {
            features = new UtteranceFeatures(
                network, description.EncodesBySpeaker(), Options.Training.DataMemoryLimitOrDefault);
            UtteranceStore store = UtteranceStore.Read(
                input, waveform, speaker, features, Options.CropCodes, seed, Options.Training.CancellationToken);
            features.Complete(Options.WarmStart is not null, Options.Training.CancellationToken);
            description = description with { Speakers = speakers?.WithRows(store.Speakers, Options.WarmStart?.Classes) };
            return new(new TrainingTask(network, network, store, FingerprintOf(description, store)), SubjectOf(description, store, features.Memory),
                (device, summary) => new AudioVqVaeTransformer(new AudioModel(description, network, device), _columns, summary));
        }
        catch
        {
            network.Dispose();
            features?.Memory.Dispose();
            throw;
        }
    }

    static string SubjectOf(AudioModelDescription description, UtteranceStore store, DataMemory memory)
    {
        AudioCodecOptions codec = description.Codec;
        double seconds = (double)store.Samples / codec.SampleRate, rate = (double)codec.SampleRate / codec.SamplesPerCode;
        string voices = description.Speakers is CategorySet speakers
            ? string.Create(CultureInfo.InvariantCulture, $" of {speakers.Known.Count()} speakers")
            : "";
        string empty = store.Empty == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", {store.Empty} empty rows left out");
        return string.Create(CultureInfo.InvariantCulture,
            $"a VQ-VAE on {store.Utterances} utterances{voices}, {seconds:F0} s{empty}: {description.Quantizer.CodebookSize} codes, "
            + $"{rate:0.##} per second ({memory})");
    }

    SettingsFingerprint FingerprintOf(AudioModelDescription description, UtteranceStore store) => new SettingsFingerprint()
        .Add("Codec", description.Codec, SavedJson.Default.AudioCodecOptions)
        .Add("Quantizer", description.Quantizer, SavedJson.Default.QuantizerOptions)
        .Add("crop codes", Options.CropCodes).Add("utterances", store.Utterances).Add("speakers", description.Speakers?.Count ?? 0);
}
