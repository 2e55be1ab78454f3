using Microsoft.ML.VqVae.Layers;
using Microsoft.ML.VqVae.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Codecs;

// Sampling, one sample after another.
public sealed partial class WaveNetDecoder
{
    /// <summary>Samples waveforms given latents and speakers, without gradients; every sample costs the same, however long the waveform
    /// is.</summary>
    /// <param name="quantized">Quantized latents [B, D, F].</param>
    /// <param name="speakers">Int64 [B], or <see langword="null"/> where the decoder knows no speakers.</param>
    /// <param name="temperature">What logits are divided by: 1 for the distribution as it was learnt, below 1 for less noise, 0 for the
    /// likeliest level each time.</param>
    /// <param name="seed">What the samples are drawn from: sample t of row r follows from (seed, r, t).</param>
    /// <param name="cancellation">Ends the sampling early.</param>
    /// <param name="progress">Receives the share of the samples that is made, 0 … 1, about every 256 samples.</param>
    /// <returns>µ-law levels Int64 [B, F · <see cref="WaveNetDecoderOptions.SamplesPerLatent"/>], on the CPU.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Logits"/>, or the temperature is negative or not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public Tensor Generate(
        Tensor quantized, Tensor? speakers, double temperature = 1, int seed = 0, CancellationToken cancellation = default,
        IProgress<double>? progress = null)
    {
        CheckConditions(quantized, speakers);
        if (!double.IsFinite(temperature) || temperature < 0)
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "The temperature must be a finite number of 0 or more.");
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var batch = (int)quantized.shape[0];
        var length = checked((int)(quantized.shape[2] * options.SamplesPerLatent));
        var device = quantized.device;
        var uniforms = Uniforms(batch, length, seed).to(device);
        var samples = zeros(batch, length, dtype: ScalarType.Int64, device: device);
        using var steps = StackSteps.Begin(stack, batch, length, Conditions(quantized, speakers));
        for (var i = 0; i < length; i++)
        {
            using var stepScope = NewDisposeScope();
            cancellation.ThrowIfCancellationRequested();
            var logits = steps.NextLogits();
            var next = temperature == 0 ? logits.argmax(1) : Choose(logits.div(temperature), uniforms.narrow(1, i, 1));
            steps.Accept(next);
            samples.select(1, i).copy_(next);
            if (i % 256 == 255 || i == length - 1)
                progress?.Report((i + 1.0) / length);
        }
        return samples.cpu().MoveToOuterDisposeScope();
    }

    /// <summary>The first level whose cumulated probability exceeds the random number.</summary>
    static Tensor Choose(Tensor logits, Tensor uniforms)
    {
        var cumulated = logits.softmax(1).cumsum(1);
        return cumulated.le(uniforms.mul(cumulated.narrow(1, Levels - 1, 1))).sum([1L], type: ScalarType.Int64);
    }

    static Tensor Uniforms(int batch, int length, int seed)
    {
        var numbers = new float[batch * length];
        for (var row = 0; row < batch; row++)
            SeededRandom.Uniforms(seed, row, numbers.AsSpan(row * length, length));
        return tensor(numbers, [batch, length]);
    }
}
