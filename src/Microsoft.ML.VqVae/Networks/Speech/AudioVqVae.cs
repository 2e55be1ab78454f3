using System.Text.Json.Serialization;
using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A VQ-VAE for sound ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937, section 4.3): an encoder, a
/// <see cref="Networks.Quantizer"/>, and a decoder that is conditioned on the speaker. Either a <see cref="MelVqVae"/> or a
/// <see cref="WaveformVqVae"/>.
/// </summary>
/// <remarks>
/// Code i covers the samples from i · <see cref="AudioCodecOptions.SamplesPerCode"/> up to the first of the next code. A waveform is padded
/// with zeros to a whole number of codes. Waveforms of unequal length may share a batch: padding affects neither real positions nor losses
/// nor codebook.
/// </remarks>
public abstract class AudioVqVae : nn.Module, ITrainable
{
    private protected AudioVqVae(string name, int speakers) : base(name) => Speakers = speakers;

    /// <summary>A copy of the settings of encoder and decoder.</summary>
    public abstract AudioCodecOptions Options { get; }

    /// <summary>The bottleneck.</summary>
    public abstract Quantizer Quantizer { get; }

    /// <summary>The number of speakers that the decoder knows; 0 for a decoder that is not conditioned on speakers.</summary>
    public int Speakers { get; }

    /// <summary>C: the number of values of an input of the encoder at a time.</summary>
    public abstract int Channels { get; }

    /// <summary>The number of the encoder's T inputs that a code covers.</summary>
    public abstract int ValuesPerCode { get; }

    /// <summary>Whether codes can be decoded to a waveform.</summary>
    public abstract bool MakesWaveforms { get; }

    /// <summary>Whether training needs <see cref="AudioBatch.Targets"/>.</summary>
    private protected abstract bool HasTargets { get; }

    /// <summary>Computes the encoder's input for a waveform.</summary>
    /// <param name="waveform">Samples of full scale −1 to 1; at least one.</param>
    internal abstract AudioFeatures Analyse(ReadOnlySpan<float> waveform);

    /// <summary>Computes the training example of a waveform.</summary>
    /// <param name="waveform">Samples of full scale −1 to 1; at least one.</param>
    internal abstract AudioExample AnalyseExample(ReadOnlySpan<float> waveform);

    /// <summary>Sets the statistics of the features of each speaker, or, for a network that knows no speakers, of all data.</summary>
    /// <param name="inputs">For each speaker, the statistics of the results of <see cref="Analyse"/>; null for one whose statistics are
    /// kept.</param>
    /// <param name="targets">For each speaker, those of the targets; empty where inputs are the targets.</param>
    internal abstract void SetSpeakerStatistics(IReadOnlyList<FeatureStatistics?> inputs, IReadOnlyList<FeatureStatistics?> targets);

    /// <summary>The map that normalizes features of given statistics: means, then a matrix, [1 + C, C] row by row.</summary>
    /// <param name="statistics">The statistics of the features of an utterance or of a speaker.</param>
    internal abstract float[] NormaliserOf(FeatureStatistics statistics);

    internal float[] NormaliserOf(AudioFeatures features) => features.Normaliser ?? NormaliserOf(features.Statistics);

    /// <summary>Before training: fits the adaptation of utterances, where the network has one, and adapts the examples.</summary>
    internal virtual IReadOnlyList<AudioExample> Adapt(IReadOnlyList<AudioExample> examples, CancellationToken cancellation) => examples;

    /// <summary>The normalizers of inputs, [B, 1 + C, C]: those of the utterances, or those of the speakers where the options request it
    /// and the speaker is known (0 … speakers − 1).</summary>
    /// <param name="utterances">The normalizers of the utterances, [B, 1 + C, C].</param>
    /// <param name="speakers">Int64 [B], −1 where the speaker is not known; or null.</param>
    internal abstract Tensor NormalisersFor(Tensor utterances, Tensor? speakers);

    /// <summary>Runs only the encoder: a batch → encodings before quantization [B, G·D, N], zero where there is only padding.</summary>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    internal abstract Tensor EncodeToLatents(AudioBatch batch);

    /// <summary>The normalized features of a batch that the encoder reads, [B, C, T], zero where there is only padding.</summary>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    /// <exception cref="NotSupportedException">The encoder reads samples.</exception>
    internal virtual Tensor NormalizeFeatures(AudioBatch batch) =>
        throw new NotSupportedException($"The encoder of {GetType().Name} reads samples, and no features.");

    /// <summary>A batch → codes Int64 [B, N, G], without gradients. Codes of padding are arbitrary.</summary>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    internal Tensor Encode(AudioBatch batch)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return Quantizer.Encode(EncodeToLatents(batch)).MoveToOuterDisposeScope();
    }

    /// <summary>Waveforms of one length in an ONNX graph, Single [B, samples] → codes Int64 [B, N, G].</summary>
    /// <param name="waveforms">The waveforms.</param>
    /// <param name="speakers">Int64 [B], −1 where the speaker is not known; or null.</param>
    /// <exception cref="NotSupportedException">No graph is known for this network.</exception>
    internal OnnxValue EncodeToOnnx(OnnxValue waveforms, OnnxValue? speakers) =>
        Quantizer.EncodeToOnnx(LatentsToOnnx(waveforms, speakers));

    /// <summary>The same before quantization: encodings Single [B, G·D, N].</summary>
    /// <exception cref="NotSupportedException">No graph is known for this network.</exception>
    internal virtual OnnxValue LatentsToOnnx(OnnxValue waveforms, OnnxValue? speakers) =>
        throw new NotSupportedException($"no ONNX graph is known for its network, {GetType().Name}");

    /// <summary>Encodes a waveform, without gradients.</summary>
    /// <param name="waveform">Samples of full scale −1 to 1; at least one.</param>
    /// <param name="speaker">The number of the speaker; null if the network knows no speakers or not this one.</param>
    /// <returns>Codes Int64 [N, G], on the device of the network.</returns>
    /// <exception cref="ArgumentException">The waveform is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The network does not have this speaker.</exception>
    public Tensor Encode(ReadOnlySpan<float> waveform, int? speaker = null)
    {
        if (waveform.IsEmpty)
            throw new ArgumentException("The waveform must have at least one sample, but is empty.", nameof(waveform));
        if (speaker is not null)
            CheckSpeaker(speaker.Value, "leave the speaker out");
        using DisposeScope scope = NewDisposeScope();
        Device device = parameters().First().device;
        AudioFeatures features = Analyse(waveform);
        int length = (features.Length + ValuesPerCode - 1) / ValuesPerCode * ValuesPerCode;
        Tensor inputs = zeros(1, Channels, length, dtype: ScalarType.Float32);
        inputs.narrow(2, 0, features.Length).copy_(tensor(features.Values.ToArray(), [1, features.Length, Channels]).transpose(1, 2));
        AudioBatch batch = new AudioBatch(
            inputs, tensor(new long[] { features.Length }), tensor(NormaliserOf(features), [1, 1 + Channels, Channels]), Targets: null,
            speaker is int number ? tensor(new long[] { number }) : null).To(device);
        batch = batch with { Normalisers = NormalisersFor(batch.Normalisers, batch.Speakers) };
        return Encode(batch).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>The losses of a batch, equation 3 of the paper: reconstruction + codebook loss + β · commitment loss. In training mode the
    /// quantizer's state advances.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="moment">The position in the training run; its step and the seed decide everything random.</param>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    internal abstract StepLoss Loss(AudioBatch batch, TrainingMoment moment);

    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment)
    {
        // Inputs, lengths and normalizers, then targets and speakers where there are any.
        int next = 3;
        Tensor? targets = HasTargets ? batch[next++] : null;
        return Loss(new AudioBatch(batch[0], batch[1], batch[2], targets, Speakers > 0 ? batch[next] : null), moment);
    }

    /// <summary>Decodes the codes of one utterance to a waveform, without gradients.</summary>
    /// <param name="indices">Int64 [N, G], N at least 1.</param>
    /// <param name="speaker">The number of the speaker whose voice is used; 0 for a network that knows no speakers.</param>
    /// <param name="seed">The seed of everything random in decoding.</param>
    /// <returns>N · <see cref="AudioCodecOptions.SamplesPerCode"/> samples, within −1 to 1.</returns>
    /// <exception cref="InvalidOperationException">The features of the network cannot be decoded to sound.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The network does not have this speaker.</exception>
    public abstract float[] Decode(Tensor indices, int speaker, int seed);

    /// <summary>Checks the speaker whose voice is used in decoding; 0 stands for none.</summary>
    private protected void CheckVoice(int speaker)
    {
        if (Speakers > 0 || speaker != 0)
            CheckSpeaker(speaker, "the speaker must be 0");
    }

    // libtorch's own error says nothing of speakers, and on a GPU no later call works.
    void CheckSpeaker(int speaker, string withoutSpeakers)
    {
        if (speaker < 0 || speaker >= Speakers)
        {
            throw new ArgumentOutOfRangeException(nameof(speaker), speaker, Speakers == 0
                ? $"The network knows no speakers: {withoutSpeakers}."
                : $"The speaker must be from 0 to {Speakers - 1}.");
        }
    }

    /// <summary>Rows of the identity matrix, Float32 [B, speakers, N]; null for a network that knows no speakers.</summary>
    private protected Tensor? OneHot(Tensor? speakers, long positions)
    {
        if (Speakers == 0)
            return null;
        ArgumentNullException.ThrowIfNull(speakers);
        return Arange(Speakers, speakers.device).eq(speakers.unsqueeze(1)).to(ScalarType.Float32)
            .unsqueeze(2).expand(-1, -1, positions);
    }

    private protected void Check(AudioBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        long[] shape = batch.Inputs.shape;
        if (shape.Length != 3 || shape[1] != Channels || shape[2] % ValuesPerCode != 0 || batch.Inputs.dtype != ScalarType.Float32)
            throw TensorChecks.Mismatch(
                batch.Inputs, ScalarType.Float32, $"[batch, {Channels}, a multiple of {ValuesPerCode}]", "Inputs", nameof(batch));
    }
}

/// <summary>The settings of the encoder and decoder of an <see cref="AudioVqVae"/>: either <see cref="MelCodecOptions"/> or
/// <see cref="WaveformCodecOptions"/>.</summary>
[JsonDerivedType(typeof(MelCodecOptions), "mel")]
[JsonDerivedType(typeof(WaveformCodecOptions), "waveform")]
public abstract class AudioCodecOptions
{
    private protected AudioCodecOptions()
    {
    }

    /// <summary>Sample rate of the waveforms, in hertz.</summary>
    /// <value>From 1,000 to 192,000, as far as the other settings allow: see <see cref="MelCodecOptions.Bands"/>. The default is
    /// 16,000.</value>
    public int SampleRate { get; set; } = 16_000;

    /// <summary>The number of samples that a code covers: code i covers the samples from i times this number up to the first of the next
    /// code, and its center is at (i + 0.5) · SamplesPerCode / <see cref="SampleRate"/> seconds.</summary>
    public abstract int SamplesPerCode { get; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The audio codec's options cannot be used", Describe);

    internal virtual void Describe(OptionProblems problems) =>
        problems.Require(SampleRate is >= 1_000 and <= 192_000, nameof(SampleRate), "from 1000 to 192000", SampleRate);

    internal abstract AudioCodecOptions Copy();

    /// <summary>Creates a network of these settings with fresh weights.</summary>
    internal abstract AudioVqVae CreateNetwork(QuantizerOptions quantizer, int speakers, int seed);
}
