using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

[assembly: LoadableClass(typeof(AudioVqVaeTransformer), null, typeof(SignatureLoadModel), "VQ-VAE audio encoder",
    AudioVqVaeTransformer.LoaderSignature)]
[assembly: LoadableClass(typeof(AudioVqVaeDecoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE audio decoder",
    AudioVqVaeDecoderTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>
/// The <see cref="ITransformer"/> resulting from fitting an <see cref="AudioVqVaeEstimator"/>; it adds the codes of a waveform as keys and,
/// on request, the reconstruction and the code vectors.
/// </summary>
public sealed class AudioVqVaeTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeAudioEncoder";

    static readonly ModelFormat<Saved<AudioModelDescription, AudioEncoderColumns>, AudioModelDescription, AudioVqVae> Format =
        new("VQVAEAUD", LoaderSignature, SavedJson.Default.AudioEncoder);

    readonly AudioModel _model;
    readonly AudioEncoderColumns _columns;

    internal AudioVqVaeTransformer(AudioModel model, AudioEncoderColumns columns, TrainingSummary? training = null)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(), inputs => new AudioPass(model, columns, inputs)), training) =>
        (_model, _columns) = (model, columns);

    // Called by ML.NET, which finds it by its name and parameters.
    static AudioVqVaeTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new AudioVqVaeTransformer(model, saved.Columns));

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

    /// <summary>The column of encoder outputs before quantization that is added, or null.</summary>
    public string? EncoderOutputsColumnName => _columns.EncoderOutputs;

    /// <summary>The column of normalized features that is added, or null.</summary>
    public string? FeaturesColumnName => _columns.Features;

    /// <summary>The column of decoded frames that is added, or null.</summary>
    public string? DecodedFramesColumnName => _columns.DecodedFrames;

    /// <summary>K: number of codes in a codebook.</summary>
    public int Codes => _model.Description.Quantizer.CodebookSize;

    /// <summary>G: number of codes per position.</summary>
    public int CodesPerPosition => _model.Description.Quantizer.CodesPerPosition;

    /// <summary>Sample rate of the waveforms, in hertz.</summary>
    public int SampleRate => _model.Description.Codec.SampleRate;

    /// <summary>H: number of samples per code. Code i covers the samples from i·H up to (i + 1)·H.</summary>
    public int SamplesPerCode => _model.Description.Codec.SamplesPerCode;

    /// <summary>The names of the speakers of the training data, whose voices a decoder can use; empty without a column of
    /// speakers.</summary>
    public IReadOnlyList<string> Speakers => [.. _model.Description.Speakers?.Known ?? []];

    internal AudioVqVae Network => _model.Network;

    /// <summary>Creates a transformer from codes to waveforms that shares the network. With another speaker than that of the input, it
    /// converts the voice (section 4.3 of arXiv 1711.00937).</summary>
    /// <param name="outputColumnName">The column of waveforms to add: Vector&lt;Single&gt; with <see cref="SamplesPerCode"/> samples per
    /// position of the codes.</param>
    /// <param name="codesColumnName">The column of codes, in the format that this transformer outputs; null for
    /// <see cref="OutputColumnName"/>. Keys are matched by their values where the column has any.</param>
    /// <param name="speakerColumnName">The key column of the speakers to decode with, who must be in the training data; null for
    /// <see cref="SpeakerColumnName"/>.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    /// <exception cref="ArgumentException">A name is empty or used twice, or a column of speakers is given but the network was trained
    /// without one.</exception>
    /// <exception cref="InvalidOperationException">The network was trained on features that cannot be decoded to sound.</exception>
    public AudioVqVaeDecoderTransformer Decoder(
        string outputColumnName, string? codesColumnName = null, string? speakerColumnName = null) =>
        Decoder(outputColumnName, codesColumnName, speakerColumnName, framesColumnName: null);

    /// <summary>Creates a transformer from codes to waveforms, and to the frames of which a <see cref="VocoderTransformer"/> makes sound.
    /// Only the columns that are read are computed.</summary>
    /// <param name="outputColumnName">The column of waveforms to add.</param>
    /// <param name="codesColumnName">The column of codes; null for <see cref="OutputColumnName"/>.</param>
    /// <param name="speakerColumnName">The key column of the speakers to decode with; null for <see cref="SpeakerColumnName"/>.</param>
    /// <param name="framesColumnName">The column of frames to add: Vector&lt;Single&gt;, the log-mel bands of each frame, frame by frame; null
    /// for none.</param>
    /// <returns>A transformer that is saved and disposed separately; it still works when this one is disposed.</returns>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    /// <exception cref="ArgumentException">A name is empty or used twice, a column of speakers is given but the network was trained without
    /// one, or frames are asked for but the network decodes to samples.</exception>
    /// <exception cref="InvalidOperationException">The network was trained on features that cannot be decoded to sound.</exception>
    public AudioVqVaeDecoderTransformer Decoder(
        string outputColumnName, string? codesColumnName, string? speakerColumnName, string? framesColumnName)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        if (_model.Description.Speakers is null && speakerColumnName is not null)
        {
            throw new ArgumentException($"The network was trained without a column of speakers, and cannot be conditioned on '"
                + $"{speakerColumnName}'. Set {nameof(AudioVqVaeOptions)}.{nameof(AudioVqVaeOptions.SpeakerColumnName)} before training.",
                nameof(speakerColumnName));
        }
        RequireSound();
        if (framesColumnName is not null && !AudioModelDescription.DecodesToFrames(_model.Description.Codec))
        {
            throw new ArgumentException($"The codec decodes to samples, and has no frames for the column '{framesColumnName}'. Train one with "
                + $"{nameof(MelCodecOptions)} as {nameof(AudioVqVaeOptions)}.{nameof(AudioVqVaeOptions.Codec)}.", nameof(framesColumnName));
        }
        var columns = new AudioDecoderColumns(
            codesColumnName ?? OutputColumnName, speakerColumnName ?? SpeakerColumnName, outputColumnName, framesColumnName);
        OptionProblems.Check("The codes cannot be decoded", problems => columns.Describe(problems, _model.Description));
        return new AudioVqVaeDecoderTransformer(_model.Share(), columns);
    }

    /// <summary>Encodes one waveform.</summary>
    /// <param name="waveform">The samples, at <see cref="SampleRate"/>, with a full scale of −1 to 1.</param>
    /// <param name="speaker">The speaker, one of <see cref="Speakers"/>; null, the default, for a speaker who is not in the training
    /// data.</param>
    /// <returns>The codes from 0 to K − 1, position by position, the G codes of a position side by side. (The keys of the column start at
    /// 1.)</returns>
    /// <exception cref="ArgumentException">The speaker is not in the training data.</exception>
    /// <exception cref="InvalidOperationException">A sample is not a finite number.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public int[] Encode(float[] waveform, string? speaker = null)
    {
        ArgumentNullException.ThrowIfNull(waveform);
        return ComputeCodes(ValueRow.Of(
            [ValueRow.Numbers(InputColumnName, waveform), .. _model.Description.ToKey(SpeakerColumnName, speaker)]));
    }

    /// <summary>Decodes the codes of one waveform.</summary>
    /// <param name="codes">The codes from 0 to K − 1, as <see cref="Encode"/> returns them.</param>
    /// <param name="speaker">The voice, one of <see cref="Speakers"/>; null only if the network was trained without a column of
    /// speakers.</param>
    /// <returns><see cref="SamplesPerCode"/> samples per position.</returns>
    /// <exception cref="ArgumentException">A code is out of range, or the speaker is missing or not in the training data.</exception>
    /// <exception cref="InvalidOperationException">The network was trained on features that cannot be decoded to sound, or the number of
    /// codes is no multiple of <see cref="CodesPerPosition"/>.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public float[] Decode(int[] codes, string? speaker = null)
    {
        RequireSound();
        var columns = new AudioDecoderColumns("Codes", SpeakerColumnName, "Waveform");
        return new AudioVqVaeDecoderTransformer(_model, columns).Decode(codes, speaker);
    }

    void RequireSound()
    {
        using SharedNetwork.Holding holding = _model.Hold();
        if (!_model.Network.MakesWaveforms)
        {
            throw new InvalidOperationException("The network decodes to cepstral coefficients, which cannot be converted to sound. "
                + $"Train one whose codec has LogMel outputs, such as {nameof(AudioVqVaeOptions)}.{nameof(AudioVqVaeOptions.MelSpeech)}.");
        }
    }

    internal override CategorySet? Classes => _model.Description.Speakers;

    private protected override string About =>
        $"Audio VQ-VAE, encoder: '{InputColumnName}' ({_model.Description.SoundText()}) → "
        + $"'{OutputColumnName}' ({_model.Description.CodesText()})";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}

/// <summary>Adds a column of waveforms to a column of codes and one of speakers; see
/// <see cref="AudioVqVaeTransformer.Decoder(string, string?, string?)"/>.</summary>
/// <remarks>The waveform of a row depends only on its codes, its speaker and the model: all randomness in decoding is derived from the seed
/// of the training.</remarks>
public sealed class AudioVqVaeDecoderTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeAudioDecoder";

    static readonly ModelFormat<Saved<AudioModelDescription, AudioDecoderColumns>, AudioModelDescription, AudioVqVae> Format =
        new("VQVAEADC", LoaderSignature, SavedJson.Default.AudioDecoder);

    readonly AudioModel _model;
    readonly AudioDecoderColumns _columns;

    internal AudioVqVaeDecoderTransformer(AudioModel model, AudioDecoderColumns columns)
        : base(model.Map(columns.ToInput(model), columns.ToOutputs(), inputs => new AudioDecoderPass(model, inputs))) =>
        (_model, _columns) = (model, columns);

    // Called by ML.NET, which finds it by its name and parameters.
    static AudioVqVaeDecoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        Format.Load(env, ctx, (model, saved) => new AudioVqVaeDecoderTransformer(model, saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of speakers that is read, or null.</summary>
    public string? SpeakerColumnName => _columns.Speaker;

    /// <summary>The column of waveforms that is added.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>The column of frames that is added, or null.</summary>
    public string? FramesColumnName => _columns.Frames;

    /// <summary>Sample rate of the waveforms, in hertz.</summary>
    public int SampleRate => _model.Description.Codec.SampleRate;

    internal override CategorySet? Classes => _model.Description.Speakers;

    /// <summary>Decodes the codes of one waveform; see <see cref="AudioVqVaeTransformer.Decode"/>.</summary>
    /// <param name="codes">The codes from 0 to K − 1.</param>
    /// <param name="speaker">The voice; null only if the network was trained without a column of speakers.</param>
    /// <returns>The samples.</returns>
    /// <exception cref="ArgumentException">A code is out of range, or the speaker is missing or not in the training data.</exception>
    /// <exception cref="InvalidOperationException">The number of codes is no multiple of that of a position.</exception>
    /// <exception cref="ObjectDisposedException">This transformer was disposed.</exception>
    public float[] Decode(int[] codes, string? speaker = null)
    {
        AudioModelDescription description = _model.Description;
        if (description.Speakers is CategorySet known && speaker is null)
            throw new ArgumentException($"The network is conditioned on speakers: name one of {known.Listed()}.", nameof(speaker));
        ValueRow row = ValueRow.Of([
            ValueRow.Codes(CodesColumnName, codes, CodeFormat.Sequence(description.Quantizer.CodebookSize)),
            .. description.ToKey(SpeakerColumnName, speaker)]);
        return ComputeNumbers(row);
    }

    private protected override string About =>
        $"Audio VQ-VAE, decoder: '{CodesColumnName}' ({_model.Description.CodesText()}) → "
        + $"'{OutputColumnName}' ({_model.Description.SoundText()})";

    private protected override void Save(ModelSaveContext context) => Format.Save(context, new(_model.Description, _columns), _model);
}
