using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A VQ-VAE for sound ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937, section 4.3): an encoder, a
/// <see cref="VectorQuantizer"/>, and a decoder that is told who is to speak. Either a <see cref="MelVqVae"/> or a
/// <see cref="WaveformVqVae"/>.
/// </summary>
/// <remarks>
/// Code i stands for the samples from i · <see cref="AudioCodecOptions.SamplesPerCode"/> up to the next code's first. A waveform is filled
/// up with zeros to a whole number of codes. Waveforms of unequal length may share a batch: what is padding reaches neither real positions
/// nor losses nor codebook.
/// </remarks>
public abstract class AudioVqVae : nn.Module
{
    private protected AudioVqVae(string name, int speakers) : base(name) => Speakers = speakers;

    /// <summary>A copy of the settings of encoder and decoder.</summary>
    public abstract AudioCodecOptions Options { get; }

    /// <summary>The bottleneck.</summary>
    public abstract VectorQuantizer Quantizer { get; }

    /// <summary>How many speakers the decoder knows; 0 where it is not told who speaks.</summary>
    public int Speakers { get; }

    /// <summary>C: how many numbers the encoder takes at a time.</summary>
    public abstract int Channels { get; }

    /// <summary>How many of the encoder's T inputs a code stands for.</summary>
    public abstract int ValuesPerCode { get; }

    /// <summary>Whether codes can be decoded to a waveform.</summary>
    public abstract bool MakesWaveforms { get; }

    /// <summary>Makes the encoder's input of a waveform.</summary>
    /// <param name="waveform">Samples of full scale −1 to 1; at least one.</param>
    public abstract AudioFeatures Analyse(ReadOnlySpan<float> waveform);

    /// <summary>Makes all that training may be given of a waveform.</summary>
    /// <param name="waveform">Samples of full scale −1 to 1; at least one.</param>
    public abstract AudioExample AnalyseExample(ReadOnlySpan<float> waveform);

    /// <summary>Tells what the features of each speaker are like, or, to a network that knows no speakers, those of all data.</summary>
    /// <param name="inputs">For each speaker, the statistics of what <see cref="Analyse"/> makes.</param>
    /// <param name="targets">For each speaker, those of the targets; empty where there are none of their own.</param>
    public abstract void SetSpeakerStatistics(IReadOnlyList<FeatureStatistics> inputs, IReadOnlyList<FeatureStatistics> targets);

    /// <summary>The map that normalises features which are like that: means, then a matrix, [1 + C, C] row by row.</summary>
    /// <param name="statistics">What the features of an utterance or of a speaker are like.</param>
    public abstract float[] NormaliserOf(FeatureStatistics statistics);

    internal float[] NormaliserOf(AudioFeatures features) => features.Normaliser ?? NormaliserOf(features.Statistics);

    /// <summary>Before training: learns what the examples have in common, where the network brings each utterance to that, and does so
    /// with these.</summary>
    internal virtual IReadOnlyList<AudioExample> Adapt(IReadOnlyList<AudioExample> examples, CancellationToken cancellation) => examples;

    /// <summary>By what to normalise the inputs, [B, 1 + C, C]: by their utterances, or by their speakers where the options ask for that
    /// and the speaker is known (0 … speakers − 1).</summary>
    /// <param name="utterances">The normalisers of the utterances, [B, 1 + C, C].</param>
    /// <param name="speakers">Int64 [B], −1 where the speaker is not known; or null.</param>
    public abstract Tensor NormalisersFor(Tensor utterances, Tensor? speakers);

    /// <summary>The encoder alone: a batch → encodings before quantization [B, G·D, N], zero where there is only padding.</summary>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    public abstract Tensor EncodeToLatents(AudioBatch batch);

    /// <summary>A batch → codes Int64 [B, N, G], without gradients. Codes of padding mean nothing.</summary>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    public Tensor Encode(AudioBatch batch)
    {
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        return Quantizer.Encode(EncodeToLatents(batch)).MoveToOuterDisposeScope();
    }

    /// <summary>The losses of a batch, equation 3 of the paper: reconstruction + codebook loss + β · commitment loss. In training mode the
    /// quantizer's state advances.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="step">The training step, which with the seed decides all that is random.</param>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    public abstract VqVaeLosses Losses(AudioBatch batch, long step);

    /// <summary>Decodes the codes of one utterance to a waveform, without gradients.</summary>
    /// <param name="indices">Int64 [N, G], N at least 1.</param>
    /// <param name="speaker">Who is to speak; 0 for a network that knows no speakers.</param>
    /// <param name="seed">Decides what is random in decoding.</param>
    /// <returns>N · <see cref="AudioCodecOptions.SamplesPerCode"/> samples, within −1 to 1.</returns>
    /// <exception cref="InvalidOperationException">Of these features no sound can be made.</exception>
    public abstract float[] Decode(Tensor indices, int speaker, int seed);

    /// <summary>Rows of the identity matrix, Float32 [B, speakers, N]; null for a network that knows no speakers.</summary>
    private protected Tensor? OneHot(Tensor? speakers, long positions)
    {
        if (Speakers == 0)
            return null;
        ArgumentNullException.ThrowIfNull(speakers);
        return arange(Speakers, dtype: ScalarType.Int64, device: speakers.device).eq(speakers.unsqueeze(1)).to(ScalarType.Float32)
            .unsqueeze(2).expand(-1, -1, positions);
    }

    private protected void Check(AudioBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var shape = batch.Inputs.shape;
        if (shape.Length != 3 || shape[1] != Channels || shape[2] % ValuesPerCode != 0 || batch.Inputs.dtype != ScalarType.Float32)
            throw new ArgumentException($"Inputs must be Float32 [batch, {Channels}, a multiple of {ValuesPerCode}], but are " +
                $"{batch.Inputs.dtype} [{string.Join(", ", shape)}].");
    }
}
