using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// Sampling, one sample after another.
public sealed partial class WaveNetDecoder
{
    /// <summary>How often cancellation is looked at and progress told, in samples.</summary>
    const int Stride = 256;

    /// <summary>Samples waveforms given latents and speakers, without gradients; every sample costs the same, however long the waveform
    /// is.</summary>
    /// <remarks>On the CPU the rows of a batch are divided among the cores.</remarks>
    /// <param name="quantized">Quantized latents [B, D, F].</param>
    /// <param name="speakers">Int64 [B], or <see langword="null"/> where the decoder knows no speakers.</param>
    /// <param name="temperature">What logits are divided by: 1 for the distribution as it was learnt, below 1 for less noise, 0 for the
    /// likeliest level each time.</param>
    /// <param name="seed">What the samples are drawn from: sample t of row r follows from (seed, r, t).</param>
    /// <param name="progress">Receives the share of the samples that is made, 0 … 1.</param>
    /// <param name="cancellation">Ends the sampling early.</param>
    /// <returns>µ-law levels Int64 [B, F · <see cref="WaveNetDecoderOptions.SamplesPerLatent"/>], on the CPU.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Logits"/>, or the temperature is negative or not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public Tensor Generate(
        Tensor quantized, Tensor? speakers, double temperature = 1, int seed = 0, IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        CheckConditions(quantized, speakers);
        if (!double.IsFinite(temperature) || temperature < 0)
            throw new ArgumentOutOfRangeException(
                nameof(temperature), temperature, "The temperature must be a finite number of 0 or more.");
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var batch = (int)quantized.shape[0];
        var length = checked((int)(quantized.shape[2] * options.SamplesPerLatent));
        var uniforms = new float[checked(batch * length)];
        for (var row = 0; row < batch; row++)
            SeededRandom.Uniforms(seed, row, uniforms.AsSpan(row * length, length));
        long made = 0;
        void Count(int samples)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report((double)Interlocked.Add(ref made, samples) / uniforms.Length);
        }

        Count(0);
        var given = Conditions(quantized, speakers);
        if (quantized.device_type != DeviceType.CPU)
            return GenerateWithTensors(given, tensor(uniforms, [batch, length]), temperature, Count).MoveToOuterDisposeScope();

        var packed = new PackedStack(stack);
        var rows = Math.Clamp((batch + Environment.ProcessorCount - 1) / Environment.ProcessorCount, 1, StackSteps.FewSequences);
        var groups = new List<(int Start, SpanSteps Steps)>();
        for (var first = 0; first < batch; first += rows)
        {
            var count = Math.Min(rows, batch - first);
            groups.Add((first * length, new SpanSteps(packed, count, length, given.Narrow(first, count))));
        }
        var result = new long[uniforms.Length];
        Parallel.ForEach(
            groups, new ParallelOptions { CancellationToken = cancellation },
            group => GenerateWithSpans(group.Steps, group.Start, uniforms, temperature, result, Count));
        return tensor(result).view(batch, length).MoveToOuterDisposeScope();
    }

    /// <summary>Makes the rows of <paramref name="steps"/>, the first of which begins at <paramref name="start"/> of
    /// <paramref name="result"/>.</summary>
    static void GenerateWithSpans(
        SpanSteps steps, int start, float[] uniforms, double temperature, long[] result, Action<int> count)
    {
        var choice = new SymbolChoice(Levels, temperature);
        var next = new int[steps.Batch];
        for (var i = 0; i < steps.Length; i++)
        {
            for (var row = 0; row < next.Length; row++)
            {
                var at = start + row * steps.Length + i;
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
        var (batch, length) = ((int)uniforms.shape[0], (int)uniforms.shape[1]);
        var device = given.Frames!.device;
        var chances = uniforms.to(device);
        var result = zeros(batch, length, dtype: ScalarType.Int64, device: device);
        using var steps = new TensorSteps(stack, batch, length, given);
        for (var i = 0; i < length; i++)
        {
            using var scope = NewDisposeScope();
            var logits = steps.NextLogits();
            var next = temperature == 0 ? logits.argmax(1) : Choose(logits.div(temperature), chances.narrow(1, i, 1));
            steps.Accept(next);
            result.select(1, i).copy_(next);
            if (i % Stride == Stride - 1 || i == length - 1)
                count((i % Stride + 1) * batch);
        }
        return result.cpu();
    }

    /// <summary>The first level whose cumulated probability exceeds the random number.</summary>
    static Tensor Choose(Tensor logits, Tensor uniforms)
    {
        var cumulated = logits.softmax(1).cumsum(1);
        return cumulated.le(uniforms.mul(cumulated.narrow(1, Levels - 1, 1))).sum([1L], type: ScalarType.Int64);
    }
}
