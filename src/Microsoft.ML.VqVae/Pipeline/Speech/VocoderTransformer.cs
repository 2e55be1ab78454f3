using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(VocoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE vocoder", VocoderTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>The <see cref="ITransformer"/> resulting from fitting a <see cref="VocoderEstimator"/>; it adds the waveform of a row of
/// frames.</summary>
/// <remarks>The waveform of a row depends only on its frames and the model: all random numbers are derived from the seed of the
/// training.</remarks>
public sealed class VocoderTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeVocoder";

    static readonly ModelFormat<Saved<VocoderDescription, VocoderColumns>, VocoderDescription, WaveNetVocoder> Format =
        new("VQVAEVOC", LoaderSignature, SavedJson.Default.Vocoder);

    readonly VocoderModel _model;
    readonly VocoderColumns _columns;

    internal VocoderTransformer(VocoderModel model, VocoderColumns columns, TrainingSummary? training = null)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(), inputs => new VocoderPass(model, inputs)), training) =>
        (_model, _columns) = (model, columns);

    // Called by ML.NET, which finds it by its name and parameters.
    static VocoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new VocoderTransformer(model, saved.Columns));

    /// <summary>The column of frames that is read.</summary>
    public string FramesColumnName => _columns.Frames;

    /// <summary>The column of waveforms that is added.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>Sample rate of the waveforms, in hertz.</summary>
    public int SampleRate => _model.Description.Spectrogram.SampleRate;

    /// <summary>Number of mel bands of a frame.</summary>
    public int Bands => _model.Description.Spectrogram.Bands;

    /// <summary>Number of samples that a frame covers.</summary>
    public int SamplesPerFrame => _model.Description.Spectrogram.HopLength;

    /// <summary>Makes the sound of one row of frames.</summary>
    /// <param name="frames"><see cref="Bands"/> numbers per frame, frame by frame.</param>
    /// <returns><see cref="SamplesPerFrame"/> samples per frame, from −1 to 1.</returns>
    /// <exception cref="InvalidOperationException">The number of values is no multiple of that of a frame, or a value is no logarithm of a
    /// power: not a finite number, or beyond −80 to 80.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public float[] Vocode(float[] frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        return ComputeNumbers(ValueRow.Of(ValueRow.Numbers(FramesColumnName, frames)));
    }

    private protected override string About =>
        $"Vocoder, WaveNet: '{FramesColumnName}' ({_model.Description.FramesText()}) → '{OutputColumnName}'";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
