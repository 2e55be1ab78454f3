using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The decoder of section 4.3 of the paper (arXiv 1711.00937): a WaveNet (arXiv 1609.03499) that models the distribution of each µ-law
/// sample of a waveform given the samples before it, the quantized latents and the speaker.
/// </summary>
/// <remarks>
/// <para>Latents are expanded to frames by a convolution over neighboring latents (three taps, ReLU), one or more frames per latent, see
/// <see cref="WaveNetDecoderOptions.FramesPerLatent"/>. Each layer has its own projection of the frames, at their rate, which all samples
/// of a frame share.</para>
/// <para>Names in <c>state_dict</c>: <c>frames.weight</c>, <c>frames.bias</c>; <c>stack.embedding</c> [257, C], whose last row stands for
/// "before the start"; <c>stack.layers.N.filter</c> and <c>stack.layers.N.gate</c>, each with <c>.weight</c> [C, C, taps], <c>.bias</c>,
/// <c>.conditioning</c> [C, conditioning channels] and, with speakers, <c>.classes</c> [speakers, C];
/// <c>stack.layers.N.residual.weight</c>, <c>.bias</c> (not in the last layer); <c>stack.layers.N.skip</c>; <c>stack.skipBias</c>;
/// <c>stack.hidden.weight</c>, <c>.bias</c>; <c>stack.output.weight</c>, <c>.bias</c>.</para>
/// </remarks>
public sealed class WaveNetDecoder : nn.Module
{
    /// <summary>The number of levels of a µ-law sample of 8 bits.</summary>
    public const int Levels = 256;

    /// <summary>Number of samples between checks for cancellation and reports of progress.</summary>
    const int Stride = 256;

    readonly WaveNetDecoderOptions options;
    readonly Conv1d frames;
    readonly GatedStack stack;

    /// <summary>Creates a decoder with fresh weights.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="seed">The seed of the weights; torch's global generator is not used.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options are invalid; the message lists all problems.</exception>
    public WaveNetDecoder(WaveNetDecoderOptions options, int seed) : this(options, new WeightSource(seed), ownsSource: true)
    {
    }

    internal WaveNetDecoder(WaveNetDecoderOptions options, WeightSource source) : this(options, source, ownsSource: false)
    {
    }

    WaveNetDecoder(WaveNetDecoderOptions options, WeightSource source, bool ownsSource) : base(nameof(WaveNetDecoder))
    {
        using WeightSource? owned = ownsSource ? source : null;
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options.Copy();
        frames = source.Convolution1d(
            options.LatentChannels, options.FramesPerLatentOrDefault * options.ConditioningChannels, 3, 1, 1);
        stack = new GatedStack(options.Shape, source);
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public WaveNetDecoderOptions Options => options.Copy();

    /// <summary>The number of earlier samples that the distribution of a sample depends on.</summary>
    public int ReceptiveField => stack.Shape.ReceptiveField;

    /// <summary>The logits of all samples at once, teacher-forced: those of sample t depend on the samples before t, on all latents near it
    /// and on the speaker.</summary>
    /// <param name="samples">µ-law levels Int64 [B, T], T = F · <see cref="WaveNetDecoderOptions.SamplesPerLatent"/>.</param>
    /// <param name="quantized">Quantized latents [B, D, F].</param>
    /// <param name="speakers">Int64 [B], or <see langword="null"/> where the decoder knows no speakers.</param>
    /// <returns>[B, T, 256], with gradients.</returns>
    /// <exception cref="ArgumentException">An argument has another shape or type, is missing or unexpected, or (checked on the CPU only)
    /// is out of range.</exception>
    public Tensor Logits(Tensor samples, Tensor quantized, Tensor? speakers)
    {
        Check(samples, quantized, speakers);
        using DisposeScope scope = NewDisposeScope();
        return stack.Logits(samples, Conditions(quantized, speakers)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of −ln p over the samples of a batch, in nats: the reconstruction term of the paper's equation 3.</summary>
    /// <param name="samples">As for <see cref="Logits"/>.</param>
    /// <param name="quantized">As for <see cref="Logits"/>.</param>
    /// <param name="speakers">As for <see cref="Logits"/>.</param>
    /// <param name="lengths">The number of real samples of each row, Int64 [B]; those beyond do not count. <see langword="null"/>: all are
    /// real.</param>
    /// <returns>A scalar with gradients.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Logits"/>.</exception>
    public Tensor Loss(Tensor samples, Tensor quantized, Tensor? speakers, Tensor? lengths = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Logits(samples, quantized, speakers).view(-1, Levels);
        if (lengths is null)
        {
            return BatchShare.Current.Mean(functional.cross_entropy(logits, samples.reshape(-1)), () => samples.numel())
                .MoveToOuterDisposeScope();
        }
        Tensor real = Arange(samples.shape[1], samples.device).lt(lengths.unsqueeze(1));
        // −100 is the class that cross_entropy ignores.
        Tensor targets = where(real, samples, tensor(-100L, device: samples.device));
        return BatchShare.Current.Mean(functional.cross_entropy(logits, targets.view(-1)), () => lengths.sum().item<long>())
            .MoveToOuterDisposeScope();
    }

    /// <summary>Samples waveforms given latents and speakers, without gradients; the time per sample does not depend on the length of the
    /// waveform.</summary>
    /// <remarks>On the CPU the rows of a batch are divided among the cores.</remarks>
    /// <param name="quantized">Quantized latents [B, D, F].</param>
    /// <param name="speakers">Int64 [B], or <see langword="null"/> where the decoder knows no speakers.</param>
    /// <param name="temperature">The divisor of the logits: 1 for the learned distribution, below 1 for less noise, 0 for the most likely
    /// level each time.</param>
    /// <param name="seed">The seed of the samples: sample t of row r follows from (seed, r, t).</param>
    /// <param name="progress">Receives the completed share of the samples, 0 … 1.</param>
    /// <param name="cancellation">Ends the sampling early.</param>
    /// <returns>µ-law levels Int64 [B, F · <see cref="WaveNetDecoderOptions.SamplesPerLatent"/>], on the CPU.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Logits"/>, or the temperature is negative or not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was canceled.</exception>
    public Tensor Generate(
        Tensor quantized, Tensor? speakers, double temperature = 1, int seed = 0, IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        CheckConditions(quantized, speakers);
        if (!double.IsFinite(temperature) || temperature < 0)
            throw new ArgumentOutOfRangeException(
                nameof(temperature), temperature, "The temperature must be a finite number of 0 or more.");
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        int batch = (int)quantized.shape[0];
        int length = checked((int)(quantized.shape[2] * options.SamplesPerLatent));
        float[] uniforms = new float[checked(batch * length)];
        for (int row = 0; row < batch; row++)
            SeededRandom.Uniforms(seed, row, uniforms.AsSpan(row * length, length));
        long made = 0;
        void Count(int samples)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report((double)Interlocked.Add(ref made, samples) / uniforms.Length);
        }

        Count(0);
        StackConditions given = Conditions(quantized, speakers);
        if (quantized.device_type != DeviceType.CPU)
            return GenerateWithTensors(given, tensor(uniforms, [batch, length]), temperature, Count).MoveToOuterDisposeScope();

        var packed = new PackedStack(stack);
        int rows = Math.Clamp((batch + Environment.ProcessorCount - 1) / Environment.ProcessorCount, 1, SpanSteps.MaxBatch);
        var groups = new List<(int Start, SpanSteps Steps)>();
        for (int first = 0; first < batch; first += rows)
        {
            int count = Math.Min(rows, batch - first);
            groups.Add((first * length, new SpanSteps(packed, count, length, given.Narrow(first, count))));
        }
        long[] result = new long[uniforms.Length];
        Parallel.ForEach(
            groups, new ParallelOptions { CancellationToken = cancellation },
            group => GenerateWithSpans(group.Steps, group.Start, uniforms, temperature, result, Count));
        return tensor(result).view(batch, length).MoveToOuterDisposeScope();
    }

    /// <summary>Samples the rows of <paramref name="steps"/>, the first of which starts at <paramref name="start"/> of
    /// <paramref name="result"/>.</summary>
    static void GenerateWithSpans(
        SpanSteps steps, int start, float[] uniforms, double temperature, long[] result, Action<int> count)
    {
        var choice = new SymbolChoice(Levels, temperature);
        int[] next = new int[steps.Batch];
        for (int i = 0; i < steps.Length; i++)
        {
            for (int row = 0; row < next.Length; row++)
            {
                int at = start + row * steps.Length + i;
                next[row] = choice.Choose(steps.Logits(row), uniforms[at]);
                result[at] = next[row];
            }
            steps.Accept(next);
            if (i % Stride == Stride - 1 || i == steps.Length - 1)
                count((i % Stride + 1) * next.Length);
        }
    }

    Tensor GenerateWithTensors(StackConditions given, Tensor uniforms, double temperature, Action<int> count)
    {
        (int batch, int length) = ((int)uniforms.shape[0], (int)uniforms.shape[1]);
        Device device = given.Frames!.device;
        Tensor chances = uniforms.to(device);
        Tensor result = zeros(batch, length, dtype: ScalarType.Int64, device: device);
        using var steps = new TensorSteps(stack, batch, length, given);
        for (int i = 0; i < length; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor logits = steps.NextLogits();
            Tensor next = temperature == 0 ? logits.argmax(1) : Choose(
                logits.Div(Math.Max(temperature, SymbolChoice.LowestTemperature)), chances.narrow(1, i, 1));
            steps.Accept(next);
            result.select(1, i).copy_(next);
            if (i % Stride == Stride - 1 || i == length - 1)
                count((i % Stride + 1) * batch);
        }
        return result.cpu();
    }

    /// <summary>The first level whose cumulative probability exceeds the random number.</summary>
    static Tensor Choose(Tensor logits, Tensor uniforms)
    {
        Tensor cumulative = logits.softmax(1).cumsum(1);
        return cumulative.le(uniforms.mul(cumulative.narrow(1, Levels - 1, 1))).sum([1L], type: ScalarType.Int64);
    }

    StackConditions Conditions(Tensor quantized, Tensor? speakers)
    {
        (long batch, long count) = (quantized.shape[0], quantized.shape[2]);
        // [B, frames of a latent · channels, F] → [B, F · frames of a latent, channels].
        Tensor made = frames.Apply(quantized).relu().permute(0, 2, 1)
            .reshape(batch, count * options.FramesPerLatentOrDefault, options.ConditioningChannels);
        return new StackConditions(speakers, made);
    }

    void Check(Tensor samples, Tensor quantized, Tensor? speakers)
    {
        CheckConditions(quantized, speakers);
        (long batch, long latents) = (quantized.shape[0], quantized.shape[2]);
        long expected = latents * options.SamplesPerLatent;
        TensorChecks.Shape(samples, ScalarType.Int64, [batch, expected], "Samples", nameof(samples),
            $"[{batch}, {expected}], {options.SamplesPerLatent} for each of {latents} latents");
        TensorChecks.Range(samples, 0, Levels - 1, "Samples", nameof(samples));
    }

    void CheckConditions(Tensor quantized, Tensor? speakers)
    {
        TensorChecks.Shape(quantized, ScalarType.Float32, [TensorChecks.AtLeast(1), options.LatentChannels, TensorChecks.AtLeast(1)],
            "Quantized latents", nameof(quantized), $"[batch, {options.LatentChannels}, latents]");
        if (options.Speakers == 0 && speakers is not null)
            throw new ArgumentException("The decoder knows no speakers, but speakers are given.", nameof(speakers));
        if (options.Speakers == 0)
            return;
        if (speakers is null)
            throw new ArgumentException($"Speakers must be Int64 [{quantized.shape[0]}], but are null.", nameof(speakers));
        TensorChecks.Shape(speakers, ScalarType.Int64, [quantized.shape[0]], "Speakers", nameof(speakers));
        TensorChecks.Range(speakers, 0, options.Speakers - 1, "Speakers", nameof(speakers));
    }
}

/// <summary>
/// The settings of a <see cref="WaveNetDecoder"/>. The defaults, twenty layers of 64 channels, are small enough to be sampled in about real
/// time on a CPU.
/// </summary>
public sealed class WaveNetDecoderOptions
{
    /// <summary>The number of samples that a latent covers.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int SamplesPerLatent { get; set; } = 64;

    /// <summary>Channels of the latents.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int LatentChannels { get; set; } = 64;

    /// <summary>The number of speakers.</summary>
    /// <value>Zero or more; 0, the default, for a decoder that is not conditioned on speakers.</value>
    public int Speakers { get; set; }

    /// <summary>The number of repetitions of the dilations 1, 2, 4, ….</summary>
    /// <value>From 1 to 64. The default is 2.</value>
    public int Blocks { get; set; } = 2;

    /// <summary>Layers of a block: the dilations are 1, 2, 4, …, 2 to the power of this minus 1.</summary>
    /// <value>From 1 to 16. The default is 10.</value>
    public int LayersPerBlock { get; set; } = 10;

    /// <summary>Taps of the dilated convolutions.</summary>
    /// <value>2, the default, or 3.</value>
    public int KernelSize { get; set; } = 2;

    /// <summary>Channels of the residual path and of the gates.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int Channels { get; set; } = 64;

    /// <summary>Channels of the sum over all layers, from which the logits are computed.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int SkipChannels { get; set; } = 64;

    /// <summary>Channels of the frames that the latents are expanded to and that condition the layers.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int ConditioningChannels { get; set; } = 64;

    /// <summary>The number of conditioning frames per latent: a learned upsampling, by a convolution over neighboring latents that produces
    /// this many frames for each.</summary>
    /// <value>At least 1 and a divisor of <see cref="SamplesPerLatent"/>; or 0, the default, for one frame every 64 samples or so.</value>
    public int FramesPerLatent { get; set; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The waveform decoder's options cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(SamplesPerLatent), SamplesPerLatent, 1);
        problems.AtLeast(nameof(LatentChannels), LatentChannels, 1);
        problems.AtLeast(nameof(Speakers), Speakers, 0);
        GatedStackShape.Describe(problems, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);
        problems.AtLeast(nameof(ConditioningChannels), ConditioningChannels, 1);
        problems.Require(
            FramesPerLatent == 0 || (FramesPerLatent > 0 && SamplesPerLatent % FramesPerLatent == 0), nameof(FramesPerLatent),
            $"0 or a divisor of {nameof(SamplesPerLatent)} ({SamplesPerLatent})", FramesPerLatent);
    }

    internal int FramesPerLatentOrDefault
    {
        get
        {
            if (FramesPerLatent > 0)
                return FramesPerLatent;
            int frames = Math.Max(1, SamplesPerLatent / 64);
            while (SamplesPerLatent % frames != 0)
                frames--;
            return frames;
        }
    }

    internal GatedStackShape Shape => new(
        WaveNetDecoder.Levels, Speakers, ConditioningChannels, Blocks, LayersPerBlock, KernelSize, Channels, SkipChannels);

    internal WaveNetDecoderOptions Copy() => (WaveNetDecoderOptions)MemberwiseClone();
}
