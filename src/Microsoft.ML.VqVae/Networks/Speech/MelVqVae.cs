using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A VQ-VAE for speech made for CPUs: convolutions over log-mel or cepstral frames at the rate of the codes, and Griffin-Lim to produce
/// sound. It shares the bottleneck and the decoder conditioned on the speaker with the paper (van den Oord et al. 2017, arXiv 1711.00937,
/// section 4.3).
/// </summary>
/// <remarks>
/// <para>The encoder sees features normalized to mean 0 and deviation 1, on request without the correlations between them, by the utterance
/// or by the speaker, or adapted to the typical speech of the training data. A log-mel decoder produces frames in the units of the
/// requested speaker, whose mean and deviation are part of the model: they carry much of a voice, which the codes need not
/// represent.</para>
/// <para>Names in <c>state_dict</c>: <c>inputNormalisers</c> [max(1, speakers), 1 + C, C], means and a matrix, and <c>outputStatistics</c>
/// [max(1, speakers), 2, C'], means and deviations; where features are adapted, <c>adaptation.centres</c> [128, C] and
/// <c>adaptation.variances</c> [2]; <c>encoder.down</c>, <c>encoder.residual.N.wide</c>,
/// <c>encoder.residual.N.narrow</c>, <c>encoder.project</c>, <c>decoder.expand</c>, <c>decoder.residual.N.wide</c>,
/// <c>decoder.residual.N.narrow</c>, <c>decoder.project</c>, each with <c>.weight</c> and <c>.bias</c> in PyTorch's order of axes;
/// <c>quantizer.codebook</c>, <c>quantizer.counts</c>, <c>quantizer.sums</c>, <c>quantizer.initialized</c>, <c>quantizer.steps</c>.</para>
/// </remarks>
public sealed class MelVqVae : AudioVqVae
{
    // The stream of random numbers that hide spans of time: (seed, this + step). Other streams of a step start at 0.
    const long MaskStream = 1L << 40;

    readonly MelCodecOptions options;
    readonly int seed;
    readonly MelEncoder encoder;
    readonly Quantizer quantizer;
    readonly MelDecoder decoder;
    readonly SpeechAnalysis analysis;
    readonly SpeakerAdaptation? adaptation;
    Tensor inputNormalisers;
    Tensor outputStatistics;

    /// <summary>Creates a model with fresh weights, PyTorch's default initialization.</summary>
    /// <param name="codec">The settings of encoder and decoder; copied.</param>
    /// <param name="quantizer">The settings of the bottleneck; copied.</param>
    /// <param name="speakers">The number of speakers that the decoder knows; 0 for a decoder that is not conditioned on speakers.</param>
    /// <param name="seed">The seed of weights, codebook and the randomness of training; torch's global generator is not used.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options are invalid; the message lists all problems of both.</exception>
    public MelVqVae(MelCodecOptions codec, QuantizerOptions quantizer, int speakers, int seed) : base(nameof(MelVqVae), speakers)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(quantizer);
        ArgumentOutOfRangeException.ThrowIfNegative(speakers);
        OptionProblems.Check("The options of the mel VQ-VAE cannot be used", codec.Describe, quantizer.Describe);
        options = (MelCodecOptions)codec.Copy();
        this.seed = seed;
        analysis = new SpeechAnalysis(options);
        if (options.Normalisation == FeatureNormalisation.Adapted)
            adaptation = new SpeakerAdaptation(options);
        using (var source = new WeightSource(seed))
        {
            encoder = new MelEncoder(options, quantizer.Channels, source);
            decoder = new MelDecoder(options, quantizer.Channels, speakers, source);
        }
        this.quantizer = quantizer.CreateQuantizer(seed);
        WeightLimit.Take(Math.Max(1, speakers), 1 + Channels, Channels);
        IEnumerable<FeatureStatistics> unknown =
            Enumerable.Repeat(FeatureStatistics.Standard(options.InputChannels), Math.Max(1, speakers));
        inputNormalisers = tensor(unknown.SelectMany(NormaliserOf).ToArray(), [Math.Max(1, speakers), 1 + Channels, Channels]);
        IEnumerable<FeatureStatistics> silent =
            Enumerable.Repeat(FeatureStatistics.Standard(options.OutputChannels), Math.Max(1, speakers));
        outputStatistics = tensor(silent.SelectMany(ScalesOf).ToArray(), [Math.Max(1, speakers), 2, options.OutputChannels]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override AudioCodecOptions Options => options.Copy();

    /// <inheritdoc/>
    public override Quantizer Quantizer => quantizer;

    /// <summary>C: the bands or coefficients of an encoded frame.</summary>
    public override int Channels => options.InputChannels;

    /// <summary>The number of frames that a code covers.</summary>
    public override int ValuesPerCode => options.FramesPerCode;

    /// <inheritdoc/>
    public override bool MakesWaveforms => options.Outputs == SpeechFeatures.LogMel;

    private protected override bool HasTargets => options.Outputs == SpeechFeatures.LogMel;

    /// <inheritdoc/>
    internal override AudioFeatures Analyse(ReadOnlySpan<float> waveform) =>
        adaptation is null ? analysis.Analyse(waveform) : adaptation.Adapt(analysis.Views(waveform));

    /// <inheritdoc/>
    internal override AudioExample AnalyseExample(ReadOnlySpan<float> waveform) => analysis.AnalyseExample(waveform);

    internal override IReadOnlyList<AudioExample> Adapt(IReadOnlyList<AudioExample> examples, CancellationToken cancellation)
    {
        if (adaptation is null)
            return examples;
        // After a warm start, the codes are those of the speech that the network was trained on.
        if (!adaptation.IsFitted)
            adaptation.Fit([.. examples.Select(example => example.Views)], seed, cancellation);
        return [.. examples.Select(example => example with { Views = [adaptation.Adapt(example.Views)] })];
    }

    /// <inheritdoc/>
    internal override void SetSpeakerStatistics(IReadOnlyList<FeatureStatistics?> inputs, IReadOnlyList<FeatureStatistics?> targets)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(targets);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Set(inputNormalisers, inputs, NormaliserOf);
        if (MakesWaveforms)
            Set(outputStatistics, targets, ScalesOf);

        static void Set(Tensor all, IReadOnlyList<FeatureStatistics?> speakers, Func<FeatureStatistics, float[]> numbersOf)
        {
            for (int speaker = 0; speaker < speakers.Count; speaker++)
            {
                Tensor own = all.select(0, speaker);
                if (speakers[speaker] is FeatureStatistics statistics)
                    own.copy_(tensor(numbersOf(statistics), own.shape));
            }
        }
    }

    /// <inheritdoc/>
    internal override float[] NormaliserOf(FeatureStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(statistics);
        return statistics.Normaliser(options.Decorrelation);
    }

    /// <inheritdoc/>
    internal override Tensor NormalisersFor(Tensor utterances, Tensor? speakers)
    {
        ArgumentNullException.ThrowIfNull(utterances);
        if (options.Normalisation != FeatureNormalisation.Speaker || speakers is null)
            return utterances.alias();
        using DisposeScope scope = NewDisposeScope();
        Tensor known = speakers.Ge(0).unsqueeze(1).unsqueeze(2);
        return where(known, inputNormalisers.index_select(0, speakers.ClampMin(0)), utterances).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override Tensor EncodeToLatents(AudioBatch batch)
    {
        Check(batch);
        using DisposeScope scope = NewDisposeScope();
        var padding = new Padding(batch.Lengths, batch.Inputs.shape[2], ValuesPerCode);
        return encoder.Encode(NormalizeInputs(batch, padding), padding).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override Tensor NormalizeFeatures(AudioBatch batch)
    {
        Check(batch);
        using DisposeScope scope = NewDisposeScope();
        return NormalizeInputs(batch, new Padding(batch.Lengths, batch.Inputs.shape[2], ValuesPerCode)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    internal override OnnxValue LatentsToOnnx(OnnxValue waveforms, OnnxValue? speakers)
    {
        if (adaptation is not null)
            throw new NotSupportedException($"its features are adapted by a search for each utterance ({options.Normalisation})");
        OnnxValue features = analysis.ToOnnx(waveforms);
        OnnxValue? normalized = options.Normalisation == FeatureNormalisation.Speaker && speakers is not null
            ? NormalizeToOnnx(features, speakers) : null;
        if (options.Decorrelation == 0)
        {
            OnnxValue ofUtterance = NormalizeToOnnx(features);
            normalized = normalized is null ? ofUtterance : speakers!.Less(0).Reshape(-1, 1, 1).Where(ofUtterance, normalized);
        }
        if (normalized is null)
        {
            throw new NotSupportedException(
                "it removes the correlations of the features of each utterance (Decorrelation), which takes their eigenvectors");
        }
        return encoder.ToOnnx(normalized.ChannelsFirst());
    }

    /// <summary>Features [B, T, C] by the statistics of their utterance.</summary>
    static OnnxValue NormalizeToOnnx(OnnxValue features)
    {
        OnnxValue centered = features - features.Mean(1).Reshape(0, 1, -1);
        return centered / centered.Square().Mean(1).Sqrt().Clamp(FeatureStatistics.MinDeviation, double.PositiveInfinity).Reshape(0, 1, -1);
    }

    /// <summary>Features [B, T, C] by the statistics of known speakers.</summary>
    OnnxValue NormalizeToOnnx(OnnxValue features, OnnxValue speakers)
    {
        OnnxValue maps = speakers.Clamp(0, Math.Max(1, Speakers) - 1).RowsOf(inputNormalisers);
        return (features - maps.Narrow(axis: 1, start: 0, 1)).MatMul(maps.Narrow(axis: 1, start: 1, Channels).Permute(0, 2, 1));
    }

    /// <summary>
    /// The losses of a batch, equation 3 of the paper: reconstruction + codebook loss + β · commitment loss. p(x|z) is a Gaussian of unit
    /// variance around the decoded frames, in normalized units; the quantizer's losses are averages over codes, and so is this term.
    /// </summary>
    /// <inheritdoc/>
    internal override StepLoss Loss(AudioBatch batch, TrainingMoment moment)
    {
        Check(batch);
        ArgumentNullException.ThrowIfNull(moment);
        using DisposeScope scope = NewDisposeScope();
        quantizer.BeginStep(moment);
        var padding = new Padding(batch.Lengths, batch.Inputs.shape[2], ValuesPerCode);
        Tensor inputs = NormalizeInputs(batch, padding);
        QuantizationResult quantization =
            padding.Quantize(quantizer, encoder.Encode(training ? HideSpans(inputs, moment.Step) : inputs, padding));
        Tensor decoded = decoder.Decode(quantization.Quantized, OneHot(batch.Speakers, inputs.shape[2] / ValuesPerCode), padding);
        (Tensor? target, Tensor? mask) = Target(batch, inputs, padding);
        Tensor error = Padding.Mean((decoded - target).Square(), mask);
        long codes = quantization.Quantized.shape[2] * quantizer.CodesPerPosition;
        double valuesPerCode = (double)decoded.shape[1] * decoded.shape[2] / codes;
        return quantization.ToStepLoss(error.Mul(0.5 * valuesPerCode), ("reconstruction", error)).MoveToOuterDisposeScope();
    }

    /// <summary>Runs only the decoder: codes Int64 [1, N, G] of one utterance → log-mel frames [1, C, N · frames] of a speaker, in their
    /// own units.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The network does not have this speaker.</exception>
    public Tensor DecodeToFrames(Tensor indices, int speaker)
    {
        ArgumentNullException.ThrowIfNull(indices);
        CheckVoice(speaker);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor quantized = quantizer.Embed(indices);
        Tensor who = tensor(new long[] { speaker }, device: quantized.device);
        Tensor lengths = tensor(new[] { quantized.shape[2] * ValuesPerCode });
        var padding = new Padding(lengths, quantized.shape[2] * ValuesPerCode, ValuesPerCode);
        Tensor frames = decoder.Decode(quantized, OneHot(who, quantized.shape[2]), padding);
        Tensor scale = outputStatistics.index_select(0, who);
        return (frames * scale.select(1, 1).unsqueeze(2)).Add(scale.select(1, 0).unsqueeze(2)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override float[] Decode(Tensor indices, int speaker, int seed)
    {
        ArgumentNullException.ThrowIfNull(indices);
        if (!MakesWaveforms)
        {
            throw new InvalidOperationException(
                $"No sound can be made of {options.Outputs} features; the codec's outputs must be {SpeechFeatures.LogMel}.");
        }
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return analysis.Synthesize(DecodeToFrames(indices.unsqueeze(0), speaker).permute(0, 2, 1).contiguous(), seed);
    }

    static Tensor NormalizeInputs(AudioBatch batch, Padding padding) => Padding.Clear(
        batch.Normalisers.narrow(1, 1, batch.Inputs.shape[1]).matmul(batch.Inputs - batch.Normalisers.select(1, 0).unsqueeze(2)),
        padding.Values);

    static Tensor Normalize(Tensor features, Tensor statistics, Padding padding) => Padding.Clear(
        (features - statistics.select(1, 0).unsqueeze(2)) / statistics.select(1, 1).unsqueeze(2), padding.Values);

    /// <summary>The normalized target of the decoder, and the mask of its real positions. Log-mel frames are in the units of the speaker;
    /// cepstra are those that the encoder sees.</summary>
    (Tensor Target, Tensor? Mask) Target(AudioBatch batch, Tensor inputs, Padding padding)
    {
        if (!MakesWaveforms)
            return options.TargetFrames == 0
                ? (inputs, padding.Values)
                : (CodeMeans.Of(inputs, padding.Values, options.TargetFrames, options.FramesPerCode), padding.Codes);
        Tensor targets = batch.Targets ?? throw new ArgumentException("A network that decodes to log-mel frames needs them as targets.");
        Tensor scale = Speakers == 0
            ? outputStatistics.expand(targets.shape[0], -1, -1)
            : outputStatistics.index_select(0, batch.Speakers!);
        return (Normalize(targets, scale, padding), padding.Values);
    }

    /// <summary>Means and deviations, [2, C'].</summary>
    static float[] ScalesOf(FeatureStatistics speaker) => [.. speaker.Means, .. speaker.Deviations];

    /// <summary>Sets random spans of time to zero, the mean.</summary>
    Tensor HideSpans(Tensor features, long step)
    {
        if (options.MaskedSpans == 0)
            return features;
        (long batch, long length) = (features.shape[0], BatchShare.Current.Max(features.shape[2]));
        using Generator generator = SeededRandom.CreateGenerator(seed, MaskStream + step);
        Tensor Spans(long from, long to) => BatchShare.Current.Draw(
            batch, rows => randint(from, to, [rows, options.MaskedSpans, 1], dtype: ScalarType.Int64, generator: generator));
        Tensor first = Spans(0, length);
        Tensor end = first.Add(Spans(options.LeastMaskedFrames, options.MaskedFrames + 1));
        Tensor time = Arange(features.shape[2]);
        // The product is 0 or more within a span.
        Tensor kept = ((time - first) * (end - time.Add(1))).Lt(0).to(ScalarType.Float32).min(1).values;
        return features * kept.unsqueeze(1).to(features.device);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            analysis.Dispose();
        base.Dispose(disposing);
    }
}
