using Microsoft.ML.VqVae.Audio;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The VQ-VAE for raw speech of section 4.3 of "Neural Discrete Representation Learning" (van den Oord et al. 2017, arXiv 1711.00937): an
/// encoder of strided convolutions over µ-law samples and a WaveNet decoder over the same, conditioned on the speaker.
/// </summary>
/// <remarks>
/// <para>Samples outside −1 to 1 are clipped.</para>
/// <para>Names in <c>state_dict</c>: <c>encoder.down.N</c>, <c>encoder.residual.N.wide</c>, <c>encoder.residual.N.narrow</c>,
/// <c>encoder.project</c>, each with <c>.weight</c> and <c>.bias</c> in PyTorch's order of axes; <c>quantizer.codebook</c>,
/// <c>quantizer.counts</c>, <c>quantizer.sums</c>, <c>quantizer.initialized</c>, <c>quantizer.steps</c>; and with <c>decoder.</c> before
/// them the names that <see cref="WaveNetDecoder"/> lists.</para>
/// </remarks>
public sealed class WaveformVqVae : AudioVqVae
{
    readonly WaveformCodecOptions options;
    readonly WaveformEncoder encoder;
    readonly Quantizer quantizer;
    readonly WaveNetDecoder decoder;

    /// <summary>Creates a model with fresh weights: the encoder's strided convolutions initialized for the ReLUs between them (He et al.
    /// 2015), everything else as PyTorch does by default.</summary>
    /// <param name="codec">The settings of encoder and decoder; copied.</param>
    /// <param name="quantizer">The settings of the bottleneck; copied.</param>
    /// <param name="speakers">The number of speakers that the decoder knows; 0 for a decoder that is not conditioned on speakers.</param>
    /// <param name="seed">The seed of weights, codebook and the randomness of training; torch's global generator is not used.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options are invalid; the message lists all problems of both.</exception>
    public WaveformVqVae(WaveformCodecOptions codec, QuantizerOptions quantizer, int speakers, int seed)
        : base(nameof(WaveformVqVae), speakers)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(quantizer);
        ArgumentOutOfRangeException.ThrowIfNegative(speakers);
        OptionProblems.Check("The options of the waveform VQ-VAE cannot be used", codec.Describe, quantizer.Describe);
        options = (WaveformCodecOptions)codec.Copy();
        using (var source = new WeightSource(seed))
        {
            encoder = new WaveformEncoder(options, quantizer.Channels, source);
            decoder = new WaveNetDecoder(options.DecoderFor(quantizer.Channels, speakers)!, source);
        }
        this.quantizer = quantizer.CreateQuantizer(seed);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override AudioCodecOptions Options => options.Copy();

    /// <inheritdoc/>
    public override Quantizer Quantizer => quantizer;

    /// <summary>1: a sample.</summary>
    public override int Channels => 1;

    /// <summary>The number of samples that a code covers.</summary>
    public override int ValuesPerCode => options.SamplesPerCode;

    /// <inheritdoc/>
    public override bool MakesWaveforms => true;

    private protected override bool HasTargets => false;

    /// <summary>The samples unchanged.</summary>
    /// <inheritdoc/>
    internal override AudioFeatures Analyse(ReadOnlySpan<float> waveform) =>
        new(waveform.ToArray(), waveform.Length, new FeatureStatistics(waveform.Length, [0], [1]));

    /// <summary>The samples, which are input and target.</summary>
    /// <inheritdoc/>
    internal override AudioExample AnalyseExample(ReadOnlySpan<float> waveform) => new([Analyse(waveform)], Target: null);

    /// <summary>Does nothing: samples are not normalized.</summary>
    /// <inheritdoc/>
    internal override void SetSpeakerStatistics(IReadOnlyList<FeatureStatistics?> inputs, IReadOnlyList<FeatureStatistics?> targets)
    {
    }

    /// <summary>The identity map.</summary>
    /// <inheritdoc/>
    internal override float[] NormaliserOf(FeatureStatistics statistics) => [0, 1];

    /// <inheritdoc/>
    internal override Tensor NormalisersFor(Tensor utterances, Tensor? speakers)
    {
        ArgumentNullException.ThrowIfNull(utterances);
        return utterances.alias();
    }

    /// <inheritdoc/>
    internal override Tensor EncodeToLatents(AudioBatch batch)
    {
        Check(batch);
        using DisposeScope scope = NewDisposeScope();
        var padding = new Padding(batch.Lengths, batch.Inputs.shape[2], ValuesPerCode);
        return EncodeLevels(MuLaw.Encode(batch.Inputs), batch.Lengths, padding).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override OnnxValue LatentsToOnnx(OnnxValue waveforms, OnnxValue? speakers)
    {
        OnnxValue companded = MuLaw.ToOnnx(waveforms).To<float>() * (2.0 / (MuLaw.Levels - 1)) - 1;
        return encoder.ToOnnx(companded.Reshape(0, 1, -1));
    }

    /// <summary>The encodings of µ-law levels, scaled to −1 … 1: soft sounds are not lost next to loud ones.</summary>
    Tensor EncodeLevels(Tensor levels, Tensor lengths, Padding padding)
    {
        Tensor companded = levels.to(ScalarType.Float32).Mul_(2.0 / (MuLaw.Levels - 1)).Add_(-1);
        return encoder.Encode(Padding.Clear(companded, padding.Values), lengths);
    }

    /// <summary>
    /// The losses of a batch, equation 3 of the paper: −log p(x|z) of the µ-law samples, given all samples before each + codebook loss +
    /// β · commitment loss. The quantizer's losses are averages over codes, and so is the first term: nats per code. The reported
    /// reconstruction is in nats per sample.
    /// </summary>
    /// <inheritdoc/>
    internal override StepLoss Loss(AudioBatch batch, TrainingMoment moment)
    {
        Check(batch);
        ArgumentNullException.ThrowIfNull(moment);
        using DisposeScope scope = NewDisposeScope();
        quantizer.BeginStep(moment);
        var padding = new Padding(batch.Lengths, batch.Inputs.shape[2], ValuesPerCode);
        Tensor levels = MuLaw.Encode(batch.Inputs);
        QuantizationResult quantization = padding.Quantize(quantizer, EncodeLevels(levels, batch.Lengths, padding));
        Tensor nats = decoder.Loss(
            levels.select(1, 0), quantization.Quantized, batch.Speakers, padding.Values is null ? null : batch.Lengths);
        Tensor reconstruction = nats.Mul((double)ValuesPerCode / quantizer.CodesPerPosition);
        return quantization.ToStepLoss(reconstruction, ("reconstruction", nats)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override float[] Decode(Tensor indices, int speaker, int seed)
    {
        ArgumentNullException.ThrowIfNull(indices);
        CheckVoice(speaker);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor quantized = quantizer.Embed(indices.unsqueeze(0));
        Tensor? who = Speakers == 0 ? null : tensor(new long[] { speaker }, device: quantized.device);
        Tensor levels = decoder.Generate(quantized, who, options.Temperature, seed);
        return MuLaw.Decode(levels.select(0, 0)).data<float>().ToArray();
    }
}

/// <summary>Companded samples [B, 1, T] → encodings [B, G·D, N]: strided convolutions (section 4.3 of the paper: kernel 4, stride 2),
/// residual blocks, a projection.</summary>
internal sealed class WaveformEncoder : nn.Module
{
    readonly ModuleList<Conv1d> down;
    readonly ModuleList<ResidualBlock1d> residual;
    readonly Conv1d project;
    readonly int[] strides;

    public WaveformEncoder(WaveformCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(WaveformEncoder))
    {
        strides = [.. options.Strides];
        int channels = options.EncoderChannels;
        // betweenRectifiers: with PyTorch's default weights, hardly any signal would pass so many layers at the start of training.
        // With a kernel two longer than the stride and a padding of one, the output is exactly as long as the input divided by the stride.
        down = new ModuleList<Conv1d>(strides.Select((stride, layer) =>
            source.Convolution1d(layer == 0 ? 1 : channels, channels, stride + 2, stride, 1,
                betweenRectifiers: true)).ToArray());
        residual = new ModuleList<ResidualBlock1d>(Enumerable.Range(0, options.EncoderBlocks)
            .Select(_ => new ResidualBlock1d(channels, channels, source)).ToArray());
        project = source.Convolution1d(channels, encodingChannels, 1, 1, 0);
        RegisterComponents();
    }

    /// <param name="samples">The samples, zero in the padding.</param>
    /// <param name="lengths">The number of real samples of each row, up to whole codes.</param>
    public Tensor Encode(Tensor samples, Tensor lengths)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = samples;
        int perValue = 1;
        for (int layer = 0; layer < strides.Length; layer++)
        {
            x = down[layer].Apply(x);
            perValue *= strides[layer];
            if (layer < strides.Length - 1)
                x = x.relu();
            x = Padding.Clear(x, new Padding(lengths, samples.shape[2], perValue).Codes);
        }
        Tensor? mask = new Padding(lengths, samples.shape[2], perValue).Codes;
        foreach (ResidualBlock1d block in residual)
            x = Padding.Clear(block.call(x), mask);
        return Padding.Clear(project.Apply(x.relu()), mask).Single().MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for rows of one length.</summary>
    public OnnxValue ToOnnx(OnnxValue samples)
    {
        OnnxValue x = samples;
        for (int layer = 0; layer < strides.Length; layer++)
            x = (layer == 0 ? x : x.Relu()).PadToMultiple(axis: 2, strides[layer]).Through(down[layer]);
        foreach (ResidualBlock1d block in residual)
            x = block.ToOnnx(x);
        return x.Relu().Through(project);
    }
}

/// <summary>
/// The settings of a <see cref="WaveformVqVae"/>. The defaults are the model of section 4.3 of the paper (arXiv 1711.00937) for VCTK: six
/// strided convolutions, a code per 64 samples, and a WaveNet decoder.
/// </summary>
public sealed class WaveformCodecOptions : AudioCodecOptions
{
    /// <summary>The strides of the encoder's convolutions; each kernel is two samples longer than its stride. Their product is the number
    /// of samples that a code covers.</summary>
    /// <value>At least one, each from 1 to 16, with a product of at most 16,777,216. The default is 2, six times: 64 samples per
    /// code.</value>
    public int[] Strides { get; set; } = [2, 2, 2, 2, 2, 2];

    /// <summary>Channels of the encoder.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int EncoderChannels { get; set; } = 256;

    /// <summary>Residual blocks of the encoder, at the rate of the codes.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int EncoderBlocks { get; set; } = 2;

    /// <summary>The WaveNet decoder. Samples per latent, channels of a latent and the number of speakers are set by the codec.</summary>
    /// <value>The default is 20 layers of 64 channels.</value>
    public WaveNetDecoderOptions Decoder { get; set; } = new();

    /// <summary>The divisor of the logits when codes are decoded: 1 samples from the learned distribution, less than 1 from a narrower
    /// one.</summary>
    /// <value>More than 0. The default is 1.</value>
    public double Temperature { get; set; } = 1;

    /// <inheritdoc/>
    public override int SamplesPerCode => (int)ProductOfStrides;

    // No weight bounds it: a model file could ask for as much padding as there is memory.
    const int MaxSamplesPerCode = 1 << 24;

    // Capped, so that no product overflows.
    long ProductOfStrides =>
        (Strides ?? []).Aggregate(1L, (product, stride) => stride < 1 ? 0 : Math.Min(MaxSamplesPerCode + 1L, product * stride));

    internal override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        problems.Require(Strides is { Length: >= 1 and <= 16 } && Strides.All(stride => stride is >= 1 and <= 16), nameof(Strides),
            "from 1 to 16 strides, each from 1 to 16", Strides is null ? null : $"[{string.Join(", ", Strides)}]");
        problems.Require(ProductOfStrides <= MaxSamplesPerCode, nameof(Strides),
            $"numbers whose product, the samples that a code covers, is at most {MaxSamplesPerCode}", $"[{string.Join(", ", Strides ?? [])}]");
        problems.AtLeast(nameof(EncoderChannels), EncoderChannels, 1);
        problems.AtLeast(nameof(EncoderBlocks), EncoderBlocks, 0);
        problems.Require(Decoder is not null, nameof(Decoder), "set", Decoder);
        DecoderFor(latentChannels: 1, speakers: 0)?.Describe(problems);
        problems.Require(Temperature > 0 && double.IsFinite(Temperature), nameof(Temperature), "a finite number above 0", Temperature);
    }

    /// <summary>The decoder's settings, completed by those that the codec decides.</summary>
    internal WaveNetDecoderOptions? DecoderFor(int latentChannels, int speakers)
    {
        WaveNetDecoderOptions? decoder = Decoder?.Copy();
        if (decoder is not null)
            (decoder.SamplesPerLatent, decoder.LatentChannels, decoder.Speakers) = (SamplesPerCode, latentChannels, speakers);
        return decoder;
    }

    internal override AudioCodecOptions Copy()
    {
        var copy = (WaveformCodecOptions)MemberwiseClone();
        copy.Strides = [.. Strides];
        copy.Decoder = Decoder.Copy();
        return copy;
    }

    internal override AudioVqVae CreateNetwork(QuantizerOptions quantizer, int speakers, int seed) =>
        new WaveformVqVae(this, quantizer, speakers, seed);
}
