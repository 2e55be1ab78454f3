using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The decoder of section 4.3 of the paper (arXiv 1711.00937): a WaveNet (arXiv 1609.03499) that gives the distribution of each µ-law sample
/// of a waveform from the samples before it, the quantized latents and the speaker.
/// </summary>
/// <remarks>
/// <para>Latents are turned into frames by a convolution over neighbouring latents (three taps, ReLU), one or more frames a latent, see
/// <see cref="WaveNetDecoderOptions.FramesPerLatent"/>. Each layer projects the frames for itself, at their rate, and every sample of a
/// frame gets the same.</para>
/// <para>Names in <c>state_dict</c>: <c>frames.weight</c>, <c>frames.bias</c>; <c>stack.embedding</c> [257, C], whose last row stands for
/// "before the start"; <c>stack.layers.N.filter</c> and <c>stack.layers.N.gate</c>, each with <c>.weight</c> [C, C, taps], <c>.bias</c>,
/// <c>.conditioning</c> [C, conditioning channels] and, with speakers, <c>.classes</c> [speakers, C]; <c>stack.layers.N.residual.weight</c>,
/// <c>.bias</c> (not in the last layer); <c>stack.layers.N.skip</c>; <c>stack.skipBias</c>; <c>stack.hidden.weight</c>, <c>.bias</c>;
/// <c>stack.output.weight</c>, <c>.bias</c>.</para>
/// </remarks>
public sealed partial class WaveNetDecoder : nn.Module
{
    /// <summary>How many levels a µ-law sample of 8 bits has.</summary>
    public const int Levels = 256;

    readonly WaveNetDecoderOptions options;
    readonly Convolution1d frames;
    readonly GatedStack stack;

    /// <summary>Makes a decoder with fresh weights.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="seed">What the weights are drawn from; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options cannot work; the message lists all problems.</exception>
    public WaveNetDecoder(WaveNetDecoderOptions options, int seed) : this(options, new WeightSource(seed), ownsSource: true)
    {
    }

    internal WaveNetDecoder(WaveNetDecoderOptions options, WeightSource source) : this(options, source, ownsSource: false)
    {
    }

    WaveNetDecoder(WaveNetDecoderOptions options, WeightSource source, bool ownsSource) : base(nameof(WaveNetDecoder))
    {
        using var owned = ownsSource ? source : null;
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        this.options = options.Copy();
        frames = new Convolution1d(
            options.LatentChannels, options.FramesPerLatentOrDefault * options.ConditioningChannels, 3, 1, 1, source);
        stack = new GatedStack(options.Shape, source);
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public WaveNetDecoderOptions Options => options.Copy();

    /// <summary>On how many samples before it the distribution of a sample depends.</summary>
    public int ReceptiveField => stack.Shape.ReceptiveField;

    /// <summary>The logits of all samples at once, teacher-forced: those of sample t depend on the samples before t, on all latents near it
    /// and on the speaker.</summary>
    /// <param name="samples">µ-law levels Int64 [B, T], T = F · <see cref="WaveNetDecoderOptions.SamplesPerLatent"/>.</param>
    /// <param name="quantized">Quantized latents [B, D, F].</param>
    /// <param name="speakers">Int64 [B], or <see langword="null"/> where the decoder knows no speakers.</param>
    /// <returns>[B, T, 256], with gradients.</returns>
    /// <exception cref="ArgumentException">An argument has another shape or type, is missing or not wanted, or (looked at on the CPU only)
    /// is out of range.</exception>
    public Tensor Logits(Tensor samples, Tensor quantized, Tensor? speakers)
    {
        Check(samples, quantized, speakers);
        using var scope = NewDisposeScope();
        return stack.Logits(samples, Conditions(quantized, speakers)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of −ln p over the samples of a batch, in nats: the reconstruction term of the paper's equation 3.</summary>
    /// <param name="samples">As for <see cref="Logits"/>.</param>
    /// <param name="quantized">As for <see cref="Logits"/>.</param>
    /// <param name="speakers">As for <see cref="Logits"/>.</param>
    /// <param name="lengths">How many samples of each row are real, Int64 [B]; those beyond do not count. <see langword="null"/>: all
    /// are.</param>
    /// <returns>A scalar with gradients.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Logits"/>.</exception>
    public Tensor Loss(Tensor samples, Tensor quantized, Tensor? speakers, Tensor? lengths = null)
    {
        using var scope = NewDisposeScope();
        var logits = Logits(samples, quantized, speakers).view(-1, Levels);
        if (lengths is null)
            return functional.cross_entropy(logits, samples.reshape(-1)).MoveToOuterDisposeScope();
        var real = arange(samples.shape[1], dtype: ScalarType.Int64, device: samples.device).lt(lengths.unsqueeze(1));
        // The class that cross_entropy leaves out, where there is no sample.
        var targets = where(real, samples, full([], -100, ScalarType.Int64, samples.device));
        return functional.cross_entropy(logits, targets.view(-1)).MoveToOuterDisposeScope();
    }

    StackConditions Conditions(Tensor quantized, Tensor? speakers)
    {
        var (batch, count) = (quantized.shape[0], quantized.shape[2]);
        // [B, frames of a latent · channels, F] → [B, F · frames of a latent, channels].
        var made = frames.call(quantized).relu_().permute(0, 2, 1)
            .reshape(batch, count * options.FramesPerLatentOrDefault, options.ConditioningChannels);
        return new StackConditions(speakers, made);
    }

    void Check(Tensor samples, Tensor quantized, Tensor? speakers)
    {
        ArgumentNullException.ThrowIfNull(samples);
        CheckConditions(quantized, speakers);
        var expected = quantized.shape[2] * options.SamplesPerLatent;
        if (samples.dtype != ScalarType.Int64 || !samples.shape.AsSpan().SequenceEqual([quantized.shape[0], expected]))
            throw new ArgumentException($"Samples must be Int64 [{quantized.shape[0]}, {expected}], {options.SamplesPerLatent} for each of " +
                $"{quantized.shape[2]} latents, but are {samples.dtype} [{string.Join(", ", samples.shape)}].", nameof(samples));
        CheckRange(samples, Levels, "Samples", nameof(samples));
    }

    void CheckConditions(Tensor quantized, Tensor? speakers)
    {
        ArgumentNullException.ThrowIfNull(quantized);
        var shape = quantized.shape;
        if (quantized.dtype != ScalarType.Float32 || shape.Length != 3 || shape[1] != options.LatentChannels || quantized.numel() == 0)
            throw new ArgumentException($"Quantized latents must be Float32 [batch, {options.LatentChannels}, latents], but are " +
                $"{quantized.dtype} [{string.Join(", ", shape)}].", nameof(quantized));
        if (options.Speakers == 0 && speakers is not null)
            throw new ArgumentException("The decoder knows no speakers, but speakers are given.", nameof(speakers));
        if (options.Speakers == 0)
            return;
        if (speakers is null || speakers.dtype != ScalarType.Int64 || !speakers.shape.AsSpan().SequenceEqual([shape[0]]))
            throw new ArgumentException($"Speakers must be Int64 [{shape[0]}], but are " +
                (speakers is null ? "null." : $"{speakers.dtype} [{string.Join(", ", speakers.shape)}]."), nameof(speakers));
        CheckRange(speakers, options.Speakers, "Speakers", nameof(speakers));
    }

    static void CheckRange(Tensor given, int count, string what, string name)
    {
        if (given.device_type != DeviceType.CPU)
            return;
        using var least = given.min();
        using var greatest = given.max();
        if (least.ToInt64() < 0 || greatest.ToInt64() >= count)
            throw new ArgumentException($"{what} must be within 0 … {count - 1}, but reach from {least.ToInt64()} to " +
                $"{greatest.ToInt64()}.", name);
    }
}
