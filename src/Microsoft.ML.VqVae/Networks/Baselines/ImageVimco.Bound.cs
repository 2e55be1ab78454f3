using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// The multi-sample bound ln 1/S Σ p(x, z_s) / q(z_s|x), z_s drawn from q(z|x), and the estimator of its gradient.
public sealed partial class ImageVimco
{
    /// <summary>Images that are decoded at once where no gradient is needed: memory stays bounded whatever the number of samples.</summary>
    const int MostAtOnce = 256;

    /// <summary>A sample with less than this share of the bound leaves no trace in a gradient of single precision.</summary>
    const double LeastWeight = 1e-6;

    /// <summary>The bound of a batch of images [B, C, H, W], with the gradient of equation 11 of arXiv 1602.06725.</summary>
    /// <param name="pixels">The images, in the units of the data.</param>
    /// <param name="moment">The position in the training run, which with the seed decides the samples and which images are
    /// mirrored.</param>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public StepLoss Loss(Tensor pixels, TrainingMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        CheckImages(pixels);
        using var scope = NewDisposeScope();
        var images = Augment(pixels, moment.Step);
        var logPosterior = call(images);
        var samples = Draw(logPosterior, training ? latents.Samples : latents.EvaluationSamples, training ? moment.Step : null);
        return Loss(images, logPosterior, samples).MoveToOuterDisposeScope();
    }

    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) => Loss(batch[0], moment);

    /// <summary>The bound as bits of each image [B, C, H, W], over <see cref="VimcoOptions.EvaluationSamples"/>: [B]. Without gradients;
    /// the same random numbers for every image.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public Tensor BoundBits(Tensor pixels)
    {
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var logPosterior = call(pixels);
        var samples = Draw(logPosterior, latents.EvaluationSamples, step: null);
        var bound = MultiSample(LogWeights(SampleNats(pixels, samples), LogOf(logPosterior, samples)));
        return (-bound / Math.Log(2)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss for given samples Int64 [B, S, N] of the posterior [B, N, K].</summary>
    internal StepLoss Loss(Tensor images, Tensor logPosterior, Tensor samples)
    {
        // ln w = ln p(x, z) − ln q(z|x), [B, S].
        var logQ = LogOf(logPosterior, samples);
        Tensor nats, logWeights;
        using (no_grad())
        {
            nats = SampleNats(images, samples);
            logWeights = LogWeights(nats, logQ);
        }
        var bound = MultiSample(logWeights);
        var weights = logWeights.softmax(1);
        var value = -bound.mean();
        var reconstruction = (weights * nats).sum(1).mean();
        var loss = value;
        if (training)
        {
            // What a sample adds to the bound raises or lowers its probability; the weights are the gradient of the bound by ln w.
            var signal = bound.unsqueeze(1) - LeaveOneOut(logWeights);
            var gradient = ((signal - weights) * logQ).sum(1).mean() - WeighedNats(images, samples, weights);
            loss = value - (gradient - gradient.detach());
        }
        return BoundLoss(loss / (ValuesPerImage * Math.Log(2)), BitsPerValue(reconstruction), BitsPerValue(value - reconstruction));
    }

    /// <summary>Samples of the posterior [B, N, K] by inverting its distribution function: Int64 [B, S, N].</summary>
    internal Tensor Draw(Tensor logPosterior, int count, long? step)
    {
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var (batch, positions, categories) = (logPosterior.shape[0], logPosterior.shape[1], logPosterior.shape[2]);
        using var generator = LatentNoise.Generator(seed, step);
        var uniform = rand([step is null ? 1 : batch, positions, count], dtype: ScalarType.Float32, generator: generator)
            .to(logPosterior.device).expand(batch, positions, count);
        var cumulative = logPosterior.exp().cumsum(2);
        // Rounding leaves the last total a little beside 1.
        var drawn = searchsorted(cumulative, (uniform * cumulative.narrow(2, categories - 1, 1)).contiguous(), right: true);
        return drawn.clamp(0, categories - 1).transpose(1, 2).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>ln q(z_s|x), [B, S].</summary>
    static Tensor LogOf(Tensor logPosterior, Tensor samples) => logPosterior.gather(2, samples.transpose(1, 2)).sum(1);

    Tensor LogWeights(Tensor nats, Tensor logQ) => -nats - logQ.detach() - LatentsPerImage * Math.Log(Categories);

    static Tensor MultiSample(Tensor logWeights) => logWeights.logsumexp(1) - Math.Log(logWeights.shape[1]);

    /// <summary>For each sample the bound without it, its weight replaced by the geometric mean of the others': [B, S].</summary>
    static Tensor LeaveOneOut(Tensor logWeights)
    {
        var count = logWeights.shape[1];
        var others = (logWeights.sum(1, keepdim: true) - logWeights) / (count - 1.0);
        var itself = arange(count, dtype: ScalarType.Int64, device: logWeights.device);
        var diagonal = itself.unsqueeze(0).eq(itself.unsqueeze(1));
        var replaced = where(diagonal, others.unsqueeze(2), logWeights.unsqueeze(1));
        return replaced.logsumexp(2) - Math.Log(count);
    }

    /// <summary>−ln p(x|z_s) of all samples, [B, S], a part of them at a time.</summary>
    Tensor SampleNats(Tensor images, Tensor samples)
    {
        var (batch, count) = (samples.shape[0], samples.shape[1]);
        var atOnce = Math.Clamp(MostAtOnce / batch, 1, count);
        var parts = new List<Tensor>();
        for (long first = 0; first < count; first += atOnce)
        {
            using var scope = NewDisposeScope();
            var some = Math.Min(atOnce, count - first);
            var codes = samples.narrow(1, first, some).reshape(batch * some, -1);
            parts.Add(Nats(images.repeat_interleave(some, 0), codes).view(batch, some).MoveToOuterDisposeScope());
        }
        return cat(parts, 1);
    }

    /// <summary>Σ weight · −ln p(x|z) with its gradient, over the samples that have any weight: of 50 often one or two, and the others need
    /// no pass backward.</summary>
    Tensor WeighedNats(Tensor images, Tensor samples, Tensor weights)
    {
        var (batch, count) = (samples.shape[0], samples.shape[1]);
        var flat = weights.reshape(-1);
        var kept = (flat > LeastWeight).nonzero().view(-1);
        var codes = samples.reshape(batch * count, -1).index_select(0, kept);
        var nats = Nats(images.index_select(0, kept.div(count, RoundingMode.floor)), codes);
        return (flat.index_select(0, kept) * nats).sum() / (double)batch;
    }

    // [M, C, H, W] and Int64 [M, N] → [M].
    Tensor Nats(Tensor images, Tensor codes)
    {
        using var scope = NewDisposeScope();
        return NatsOf(DecodeParameters(Embed(codes)), images).MoveToOuterDisposeScope();
    }
}
