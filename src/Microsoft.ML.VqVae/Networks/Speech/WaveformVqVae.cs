using Microsoft.ML.VqVae.Audio;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The VQ-VAE for raw speech of section 4.3 of "Neural Discrete Representation Learning" (van den Oord et al. 2017, arXiv 1711.00937): an
/// encoder of strided convolutions over µ-law samples and a WaveNet decoder over the same that is told the speaker.
/// </summary>
/// <remarks>
/// <para>Samples beyond −1 to 1 count as the nearer of the two.</para>
/// <para>Names in <c>state_dict</c>: <c>encoder.down.N</c>, <c>encoder.residual.N.wide</c>, <c>encoder.residual.N.narrow</c>,
/// <c>encoder.project</c>, each with <c>.weight</c> and <c>.bias</c> in PyTorch's order of axes; <c>quantizer.codebook</c>,
/// <c>quantizer.counts</c>, <c>quantizer.sums</c>, <c>quantizer.initialized</c>, <c>quantizer.steps</c>; and with <c>decoder.</c> before
/// them the names that <see cref="WaveNetDecoder"/> lists.</para>
/// </remarks>
public sealed class WaveformVqVae : AudioVqVae
{
    readonly WaveformCodecOptions options;
    readonly WaveformEncoder encoder;
    readonly VectorQuantizer quantizer;
    readonly WaveNetDecoder decoder;

    /// <summary>Makes a model with fresh weights: the encoder's strided convolutions initialised for the ReLUs between them (He et al. 2015),
    /// everything else as PyTorch does by default.</summary>
    /// <param name="codec">The settings of encoder and decoder; copied.</param>
    /// <param name="quantizer">The settings of the bottleneck; copied.</param>
    /// <param name="speakers">How many speakers the decoder is to know; 0 for a decoder that is not told who speaks.</param>
    /// <param name="seed">What weights, codebook and the randomness of training are drawn from; torch's global generator is not
    /// touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options cannot work; the message lists all problems of both.</exception>
    public WaveformVqVae(WaveformCodecOptions codec, VectorQuantizerOptions quantizer, int speakers, int seed)
        : base(nameof(WaveformVqVae), speakers)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(quantizer);
        ArgumentOutOfRangeException.ThrowIfNegative(speakers);
        var problems = new OptionProblems("The options of the waveform VQ-VAE cannot be used");
        codec.Describe(problems);
        quantizer.Describe(problems);
        problems.ThrowIfAny();
        options = (WaveformCodecOptions)codec.Copy();
        using (var source = new WeightSource(seed))
        {
            encoder = new WaveformEncoder(options, quantizer.Channels, source);
            decoder = new WaveNetDecoder(options.DecoderFor(quantizer.Channels, speakers)!, source);
        }
        this.quantizer = new VectorQuantizer(quantizer, seed);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override AudioCodecOptions Options => options.Copy();

    /// <inheritdoc/>
    public override VectorQuantizer Quantizer => quantizer;

    /// <summary>1: a sample.</summary>
    public override int Channels => 1;

    /// <summary>Samples that a code stands for.</summary>
    public override int ValuesPerCode => options.SamplesPerCode;

    /// <inheritdoc/>
    public override bool MakesWaveforms => true;

    /// <summary>The samples as they are.</summary>
    /// <inheritdoc/>
    public override AudioFeatures Analyse(ReadOnlySpan<float> waveform) =>
        new(waveform.ToArray(), waveform.Length, new FeatureStatistics(waveform.Length, [0], [1]));

    /// <summary>The samples, which are input and target.</summary>
    /// <inheritdoc/>
    public override AudioExample AnalyseExample(ReadOnlySpan<float> waveform) => new([Analyse(waveform)], Target: null);

    /// <summary>Nothing: samples are not normalised.</summary>
    /// <inheritdoc/>
    public override void SetSpeakerStatistics(IReadOnlyList<FeatureStatistics> inputs, IReadOnlyList<FeatureStatistics> targets)
    {
    }

    /// <summary>What changes nothing.</summary>
    /// <inheritdoc/>
    public override float[] NormaliserOf(FeatureStatistics statistics) => [0, 1];

    /// <inheritdoc/>
    public override Tensor NormalisersFor(Tensor utterances, Tensor? speakers)
    {
        ArgumentNullException.ThrowIfNull(utterances);
        return utterances.alias();
    }

    /// <inheritdoc/>
    public override Tensor EncodeToLatents(AudioBatch batch)
    {
        Check(batch);
        using var scope = NewDisposeScope();
        var padding = new Padding(batch.Lengths, batch.Inputs.shape[2], ValuesPerCode);
        return Hear(MuLaw.Encode(batch.Inputs), batch.Lengths, padding).MoveToOuterDisposeScope();
    }

    /// <summary>What the encoder makes of µ-law levels, put between -1 and 1: soft sounds are not lost next to loud ones.</summary>
    Tensor Hear(Tensor levels, Tensor lengths, Padding padding)
    {
        var companded = levels.to(ScalarType.Float32).mul_(2.0 / (MuLaw.Levels - 1)).add_(-1);
        return encoder.Encode(Padding.Clear(companded, padding.Values), lengths);
    }

    /// <summary>
    /// The losses of a batch, equation 3 of the paper: −log p(x|z) of the µ-law samples, given all samples before each + codebook loss +
    /// β · commitment loss. The quantizer's losses are averages over codes, and so is the first term: nats a code. What is reported as
    /// reconstruction is nats a sample.
    /// </summary>
    /// <inheritdoc/>
    public override VqVaeLosses Losses(AudioBatch batch, long step)
    {
        Check(batch);
        using var scope = NewDisposeScope();
        var padding = new Padding(batch.Lengths, batch.Inputs.shape[2], ValuesPerCode);
        var levels = MuLaw.Encode(batch.Inputs);
        var quantization = padding.Quantize(quantizer, Hear(levels, batch.Lengths, padding));
        var nats = decoder.Loss(levels.select(1, 0), quantization.Quantized, batch.Speakers, padding.Values is null ? null : batch.Lengths);
        var total = (double)ValuesPerCode / quantizer.Options.CodesPerPosition * nats + quantization.Loss;
        return new VqVaeLosses(
            total.MoveToOuterDisposeScope(), nats.detach().MoveToOuterDisposeScope(),
            quantization.CodebookLoss.detach().MoveToOuterDisposeScope(),
            quantization.CommitmentLoss.detach().MoveToOuterDisposeScope(), quantization.Counts.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public override float[] Decode(Tensor indices, int speaker, int seed)
    {
        ArgumentNullException.ThrowIfNull(indices);
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var quantized = quantizer.Embed(indices.unsqueeze(0));
        var who = Speakers == 0 ? null : tensor(new long[] { speaker }, device: quantized.device);
        var levels = decoder.Generate(quantized, who, options.Temperature, seed);
        return MuLaw.Decode(levels.select(0, 0)).data<float>().ToArray();
    }
}
