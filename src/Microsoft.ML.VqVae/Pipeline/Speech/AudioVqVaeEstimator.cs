using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Trains a VQ-VAE ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937, section 4.3) on a column of
/// waveforms, and gives a transformer that adds their discrete codes.
/// </summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A vector of <xref:System.Single> of any length: samples at the sample rate of the options, as LoadAudio gives |
/// | Speaker, where the options name it | A [key](xref:Microsoft.ML.Data.KeyDataViewType), as MapValueToKey makes it |
/// | Codes | A vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type over K codes, of any length, with key values |
/// | Reconstruction, on request | A vector of <xref:System.Single> as long as the input |
/// | Embeddings, on request | A vector of <xref:System.Single>: D·G numbers for each position, one after the other |
///
/// ### Time
/// With H samples for a code (`SamplesPerCode`), code i is about the samples from i·H up to (i + 1)·H; its centre lies
/// (i + 0.5)·H / sample rate seconds after the begin. A waveform of n samples has ⌈n / H⌉ codes: it is filled up with zeros, of which
/// nothing is learnt. An empty waveform has no codes, and no codes decode to an empty waveform.
///
/// ### Speakers
/// Speakers are told apart by what their keys stand for, so that another data set may number them in another way. One who was not in
/// the training data is encoded like any other, normalised by the utterance alone, and cannot be decoded with: that is an error which
/// names the row. Where most speakers will be new, normalise by `FeatureNormalisation.Adapted`.
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | Vector of <xref:System.Single> |
/// | Output column data type | Vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type |
/// | Is normalization required? | No |
/// | Is caching required? | No: the waveforms are read once, and what the network takes of them is kept in memory |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.VqVae and a TorchSharp package with libtorch, for example TorchSharp-cpu |
/// | Exportable to ONNX | No |
/// ]]></format>
/// </remarks>
public sealed class AudioVqVaeEstimator : IEstimator<AudioVqVaeTransformer>
{
    readonly IHostEnvironment _environment;
    readonly string _outputColumnName;
    readonly string _inputColumnName;
    readonly AudioVqVaeOptions _options;

    internal AudioVqVaeEstimator(IHostEnvironment environment, string outputColumnName, string? inputColumnName, AudioVqVaeOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_environment, _outputColumnName, _inputColumnName, _options) =
            (environment, outputColumnName, inputColumnName ?? outputColumnName, options);
        string?[] names = [_outputColumnName, _options.ReconstructionColumnName, _options.EmbeddingsColumnName];
        if (names.Where(name => name is not null).GroupBy(name => name).FirstOrDefault(group => group.Count() > 1)?.Key is string twice)
        {
            throw new ArgumentException(
                $"The name '{twice}' is given to more than one output column; each needs a name of its own.", nameof(outputColumnName));
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of a type that will not do.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        AudioInput.CheckWaveform(inputSchema, _inputColumnName);
        if (_options.SpeakerColumnName is string speaker)
            ConditionSet.Check(inputSchema, speaker);
        List<SchemaShape.Column> made = [AudioColumns.CodesShape(_outputColumnName)];
        if (_options.ReconstructionColumnName is string reconstruction)
            made.Add(AudioColumns.NumbersShape(reconstruction));
        if (_options.EmbeddingsColumnName is string embeddings)
            made.Add(AudioColumns.NumbersShape(embeddings));
        return new SchemaShape(inputSchema.Where(column => made.TrueForAll(added => added.Name != column.Name)).Concat(made));
    }

    /// <summary>Reads the waveforms once, checks them, and trains. Rows without a sample are left out.</summary>
    /// <param name="input">The training data; only the columns of waveforms and speakers are read.</param>
    /// <returns>The trained transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, or its type will not do.</exception>
    /// <exception cref="InvalidOperationException">There is nothing to train on, a sample is not a finite number, a speaker is missing,
    /// or a GPU was asked for and is not there.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled.</exception>
    public AudioVqVaeTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _options.Validate();
        DataViewSchema.Column waveform = AudioInput.Waveform(input.Schema, _inputColumnName);
        DataViewSchema.Column? speaker =
            _options.SpeakerColumnName is string name ? SchemaColumns.Find(input.Schema, name, "speaker") : null;
        Device device = DeviceChoice.For(_environment);
        (AudioModel model, TrainingSummary summary) = AudioTraining.Run(_environment, _options, input, waveform, speaker, device);
        return new AudioVqVaeTransformer(model, new AudioEncoderColumns(_inputColumnName, _outputColumnName, _options.SpeakerColumnName,
            _options.ReconstructionColumnName, _options.EmbeddingsColumnName), summary);
    }
}
