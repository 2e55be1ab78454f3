using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(AudioVqVaeTransformer), null, typeof(SignatureLoadModel), "VQ-VAE audio encoder",
    AudioVqVaeTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// Adds the codes of a waveform as a column of keys, and on request the reconstruction and the code vectors; what
/// <see cref="AudioVqVaeEstimator"/> makes.
/// </summary>
public sealed class AudioVqVaeTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeAudioEncoder";
    const string ModelSignature = "VQVAEAUD";

    readonly AudioModel _model;
    readonly AudioEncoderColumns _columns;

    internal AudioVqVaeTransformer(AudioModel model, AudioEncoderColumns columns, TrainingSummary? training = null)
        : base(model, new AudioEncoding(model, columns)) => (_model, _columns, TrainingSummary) = (model, columns, training);

    // Found by ML.NET by its name and parameters.
    static AudioVqVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedAudioJson.Default.SavedAudioEncoder,
            (saved, weights) => new AudioVqVaeTransformer(AudioModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of waveforms that is read.</summary>
    public string InputColumnName => _columns.Input;

    /// <summary>The column of codes that is added.</summary>
    public string OutputColumnName => _columns.Codes;

    /// <summary>The column of speakers that the network was trained with, or null.</summary>
    public string? SpeakerColumnName => _columns.Speaker;

    /// <summary>The column of decoded waveforms that is added, or null.</summary>
    public string? ReconstructionColumnName => _columns.Reconstruction;

    /// <summary>The column of code vectors that is added, or null.</summary>
    public string? EmbeddingsColumnName => _columns.Embeddings;

    /// <summary>K: the number of codes in a codebook.</summary>
    public int Codes => _model.Description.Quantizer.Codes;

    /// <summary>G: how many codes describe a position.</summary>
    public int CodesPerPosition => _model.CodesPerPosition;

    /// <summary>Samples a second of the waveforms.</summary>
    public int SampleRate => _model.Description.Codec.SampleRate;

    /// <summary>H: how many samples a code stands for. Code i is about the samples from i·H up to (i + 1)·H.</summary>
    public int SamplesPerCode => _model.Description.Codec.SamplesPerCode;

    /// <summary>The names of the speakers of the training data, whom a decoder can speak as; empty where there was no column of
    /// them.</summary>
    public IReadOnlyList<string> Speakers => [.. _model.Description.Speakers?.Known ?? []];

    /// <summary>What training came to; null for a transformer that was loaded.</summary>
    public TrainingSummary? TrainingSummary { get; }

    /// <summary>How many batches were encoded and utterances decoded, for tests.</summary>
    internal (long Encoder, long Decoder) NetworkRuns => _model.Runs;

    /// <summary>The way back: a transformer from codes to waveforms, of the same network. Given another speaker than the one who spoke, it
    /// says the same in that voice.</summary>
    /// <param name="outputColumnName">The column to add: samples, Vector&lt;Single&gt;, <see cref="SamplesPerCode"/> of them for each
    /// code.</param>
    /// <param name="codesColumnName">The column of codes, as this transformer makes them; null for <see cref="OutputColumnName"/>.</param>
    /// <param name="speakerColumnName">The column of keys for who is to speak, which must be of the training data; null for
    /// <see cref="SpeakerColumnName"/>.</param>
    /// <returns>A transformer that is saved and disposed on its own; it goes on working when this one is disposed.</returns>
    /// <exception cref="ArgumentException">A speaker is given, but the network was trained without.</exception>
    /// <exception cref="InvalidOperationException">The network was trained on features that no sound can be made of.</exception>
    public AudioVqVaeDecoderTransformer Decoder(
        string outputColumnName, string? codesColumnName = null, string? speakerColumnName = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        if (_model.Description.Speakers is null && speakerColumnName is not null)
        {
            throw new ArgumentException($"The network was trained without a column of speakers, and cannot be told who is to speak by '"
                + $"{speakerColumnName}'. Set {nameof(AudioVqVaeOptions)}.{nameof(AudioVqVaeOptions.SpeakerColumnName)} before training.",
                nameof(speakerColumnName));
        }
        if (!_model.Network.MakesWaveforms)
        {
            throw new InvalidOperationException("The network decodes to cepstral coefficients, of which no sound can be made. "
                + $"Train one whose codec has LogMel outputs, such as {nameof(AudioVqVaeOptions)}.{nameof(AudioVqVaeOptions.MelSpeech)}.");
        }
        HoldNetwork();
        return new AudioVqVaeDecoderTransformer(_model, new AudioDecoderColumns(
            codesColumnName ?? OutputColumnName, speakerColumnName ?? SpeakerColumnName, outputColumnName));
    }

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedAudioEncoder(_model.Description, _columns),
        SavedAudioJson.Default.SavedAudioEncoder, _model.WriteWeights);
}
