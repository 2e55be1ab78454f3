using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(AudioVqVaeDecoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE audio decoder",
    AudioVqVaeDecoderTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>Adds a column of waveforms to a column of codes and one of speakers; what <see cref="AudioVqVaeTransformer.Decoder"/>
/// gives.</summary>
/// <remarks>A row's waveform follows from its codes, its speaker and the model alone: what is random in decoding is drawn from the seed
/// of the training.</remarks>
public sealed class AudioVqVaeDecoderTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeAudioDecoder";
    const string ModelSignature = "VQVAEADC";

    readonly AudioModel _model;
    readonly AudioDecoderColumns _columns;

    internal AudioVqVaeDecoderTransformer(AudioModel model, AudioDecoderColumns columns) : base(model, new AudioDecoding(model, columns)) =>
        (_model, _columns) = (model, columns);

    // Found by ML.NET by its name and parameters.
    static AudioVqVaeDecoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedAudioJson.Default.SavedAudioDecoder,
            (saved, weights) => new AudioVqVaeDecoderTransformer(AudioModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of speakers that is read, or null.</summary>
    public string? SpeakerColumnName => _columns.Speaker;

    /// <summary>The column of waveforms that is added.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>Samples a second of the waveforms.</summary>
    public int SampleRate => _model.Description.Codec.SampleRate;

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedAudioDecoder(_model.Description, _columns),
        SavedAudioJson.Default.SavedAudioDecoder, _model.WriteWeights);
}
