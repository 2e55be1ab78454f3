using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// An autoencoder with discrete random latents that learns by VIMCO, "Variational inference for Monte Carlo objectives" (Mnih and Rezende
/// 2016, arXiv 1602.06725), around the encoder and decoder of an <see cref="ImageVqVae"/>: the discrete model that section 4.1 of the paper
/// (arXiv 1711.00937) compares with.
/// </summary>
/// <remarks>
/// q(z|x) is a product over the N = h·w·G latents of distributions over K categories with scores from the encoder; p(z) is uniform.
/// Names in <c>state_dict</c>: those of <see cref="ImageAutoencoder{T}"/>, and <c>codebook</c> [K, D], the vectors of the categories.
/// </remarks>
public sealed class ImageVimco : ImageAutoencoder<Tensor>, ITrainable
{
    const long CodebookStream = long.MaxValue - 1;

    /// <summary>Maximum number of images decoded at once where no gradient is needed, so that memory stays bounded for any number of
    /// samples.</summary>
    const int MaxAtOnce = 256;

    /// <summary>A sample with less than this share of the bound leaves no trace in a gradient of single precision.</summary>
    const double MinWeight = 1e-6;

    readonly VimcoOptions latents;
    Tensor codebook;

    /// <summary>Creates a model with fresh weights, PyTorch's default initialization.</summary>
    /// <param name="codec">The settings of encoder and decoder, image size included; copied.</param>
    /// <param name="latents">The settings of the latents; copied.</param>
    /// <param name="seed">The seed of weights and the randomness of training; torch's global generator is not used.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options are invalid; the message lists all problems of both.</exception>
    public ImageVimco(ImageCodecOptions codec, VimcoOptions latents, int seed)
        : base(nameof(ImageVimco), Checked(codec, latents), latents.EncodingChannels, latents.DecodingChannels, seed)
    {
        this.latents = latents.Copy();
        using (DisposeScope scope = NewDisposeScope())
        {
            using Generator generator = SeededRandom.CreateGenerator(seed, CodebookStream);
            WeightLimit.Take(latents.CategoriesInUse, latents.DimensionsInUse);
            codebook = latents.Latents == VimcoLatents.Bernoulli
                ? tensor(new float[] { -1, 1 }).view(2, 1)
                : new Parameter(randn(latents.Categories, latents.Dimensions, dtype: ScalarType.Float32, generator: generator));
            codebook.DetachFromDisposeScope();
        }
        RegisterComponents();
    }

    /// <summary>The shape of the latents of an image.</summary>
    public (int Height, int Width, int LatentsPerPosition) LatentGrid => (Grid.Height, Grid.Width, latents.LatentsPerPosition);

    /// <summary>K: the number of categories of a latent.</summary>
    public int Categories => latents.CategoriesInUse;

    // N
    int LatentsPerImage => Grid.Height * Grid.Width * latents.LatentsPerPosition;

    /// <summary>ln q(z_n = k|x) for images [B, C, H, W] in the units of the data: [B, N, K], the latents ordered by row, column and number
    /// at the position.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public override Tensor forward(Tensor pixels)
    {
        CheckImages(pixels);
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = encoder.call(Normalize(pixels)).permute(0, 2, 3, 1).reshape(pixels.shape[0], LatentsPerImage, -1);
        Tensor logarithms = latents.Latents == VimcoLatents.Bernoulli
            ? cat([(-scores).log_sigmoid(), scores.log_sigmoid()], 2)
            : scores.log_softmax(2);
        return logarithms.MoveToOuterDisposeScope();
    }

    /// <summary>The most likely category of each latent of images [B, C, H, W]: Int64 [B, h, w, G], without gradients.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public Tensor Encode(Tensor pixels)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (int height, int width, int perPosition) = LatentGrid;
        return call(pixels).argmax(2).view(-1, height, width, perPosition).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph.</summary>
    internal OnnxValue EncodeToOnnx(OnnxValue pixels)
    {
        OnnxValue scores = encoder.ToOnnx(NormalizeToOnnx(pixels)).ChannelsLast().SplitLast(latents.LatentsPerPosition, -1);
        return (latents.Latents == VimcoLatents.Bernoulli ? OnnxValue.Concatenate([-scores, scores], axis: 4) : scores).ArgMax();
    }

    /// <summary>The decoder's input for latents Int64 [B, h, w, G]: [B, G·D, h, w].</summary>
    public Tensor Embed(Tensor categories)
    {
        ArgumentNullException.ThrowIfNull(categories);
        using DisposeScope scope = NewDisposeScope();
        (int height, int width, int _) = LatentGrid;
        return codebook.index_select(0, categories.reshape(-1)).view(-1, height, width, latents.DecodingChannels).permute(0, 3, 1, 2)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph.</summary>
    internal OnnxValue EmbedToOnnx(OnnxValue categories) => categories.RowsOf(codebook).MergeLast().ChannelsFirst();

    /// <summary>The bound of a batch of images [B, C, H, W], with the gradient of equation 11 of arXiv 1602.06725.</summary>
    /// <param name="pixels">The images, in the units of the data.</param>
    /// <param name="moment">The position in the training run, which with the seed decides the samples and which images are
    /// mirrored.</param>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public StepLoss Loss(Tensor pixels, TrainingMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        CheckImages(pixels);
        using DisposeScope scope = NewDisposeScope();
        Tensor images = Augment(pixels, moment.Step);
        Tensor logPosterior = call(images);
        Tensor samples = Draw(logPosterior, training ? latents.Samples : latents.EvaluationSamples, training ? moment.Step : null);
        return Loss(images, logPosterior, samples).MoveToOuterDisposeScope();
    }

    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) => Loss(batch[0], moment);

    /// <summary>The bound as bits of each image [B, C, H, W], over <see cref="VimcoOptions.EvaluationSamples"/>: [B]. Without gradients;
    /// the same random numbers for every image.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public Tensor BoundBits(Tensor pixels)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor logPosterior = call(pixels);
        Tensor samples = Draw(logPosterior, latents.EvaluationSamples, step: null);
        Tensor bound = MultiSample(LogWeights(SampleNats(pixels, samples), LogOf(logPosterior, samples)));
        return (-bound).Div(Math.Log(2)).MoveToOuterDisposeScope();
    }

    /// <summary>The loss for given samples Int64 [B, S, N] of the posterior [B, N, K].</summary>
    internal StepLoss Loss(Tensor images, Tensor logPosterior, Tensor samples)
    {
        // ln w = ln p(x, z) − ln q(z|x), [B, S].
        Tensor logQ = LogOf(logPosterior, samples);
        Tensor nats, logWeights;
        using (no_grad())
        {
            nats = SampleNats(images, samples);
            logWeights = LogWeights(nats, logQ);
        }
        Tensor bound = MultiSample(logWeights);
        Tensor weights = logWeights.softmax(1);
        Tensor value = -bound.mean();
        Tensor reconstruction = (weights * nats).sum(1).mean();
        Tensor loss = value;
        if (training)
        {
            // What a sample adds to the bound raises or lowers its probability; the weights are the gradient of the bound by ln w.
            Tensor signal = bound.unsqueeze(1) - LeaveOneOut(logWeights);
            Tensor gradient = ((signal - weights) * logQ).sum(1).mean() - WeighedNats(images, samples, weights);
            loss = value - (gradient - gradient.detach());
        }
        return BoundLoss(loss.Div(ValuesPerImage * Math.Log(2)), BitsPerValue(reconstruction), BitsPerValue(value - reconstruction));
    }

    /// <summary>Samples of the posterior [B, N, K] by inverting its distribution function: Int64 [B, S, N].</summary>
    internal Tensor Draw(Tensor logPosterior, int count, long? step)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        (long batch, long positions, long categories) = (logPosterior.shape[0], logPosterior.shape[1], logPosterior.shape[2]);
        using Generator generator = LatentNoise.Generator(seed, step);
        Tensor Uniform(long rows) => rand([rows, positions, count], dtype: ScalarType.Float32, generator: generator);
        Tensor uniform = (step is null ? Uniform(1) : BatchShare.Current.Draw(batch, Uniform)).to(logPosterior.device)
            .expand(batch, positions, count);
        Tensor cumulative = logPosterior.exp().cumsum(2);
        // Rounding leaves the last total a little beside 1.
        Tensor drawn = searchsorted(cumulative, (uniform * cumulative.narrow(2, categories - 1, 1)).contiguous(), right: true);
        return drawn.Clamp(0, categories - 1).transpose(1, 2).contiguous().MoveToOuterDisposeScope();
    }

    /// <summary>ln q(z_s|x), [B, S].</summary>
    static Tensor LogOf(Tensor logPosterior, Tensor samples) => logPosterior.gather(2, samples.transpose(1, 2)).sum(1);

    Tensor LogWeights(Tensor nats, Tensor logQ) => (-nats - logQ.detach()).Sub(LatentsPerImage * Math.Log(Categories));

    static Tensor MultiSample(Tensor logWeights) => logWeights.logsumexp(1).Sub(Math.Log(logWeights.shape[1]));

    /// <summary>For each sample the bound without it, its weight replaced by the geometric mean of the others': [B, S].</summary>
    static Tensor LeaveOneOut(Tensor logWeights)
    {
        long count = logWeights.shape[1];
        Tensor others = (logWeights.sum(1, keepdim: true) - logWeights).Div(count - 1.0);
        Tensor itself = Arange(count, logWeights.device);
        Tensor diagonal = itself.unsqueeze(0).eq(itself.unsqueeze(1));
        Tensor replaced = where(diagonal, others.unsqueeze(2), logWeights.unsqueeze(1));
        return replaced.logsumexp(2).Sub(Math.Log(count));
    }

    /// <summary>−ln p(x|z_s) of all samples, [B, S], a part of them at a time.</summary>
    Tensor SampleNats(Tensor images, Tensor samples)
    {
        (long batch, long count) = (samples.shape[0], samples.shape[1]);
        long atOnce = Math.Clamp(MaxAtOnce / batch, 1, count);
        var parts = new List<Tensor>();
        for (long first = 0; first < count; first += atOnce)
        {
            using DisposeScope scope = NewDisposeScope();
            long some = Math.Min(atOnce, count - first);
            Tensor codes = samples.narrow(1, first, some).reshape(batch * some, -1);
            parts.Add(Nats(images.repeat_interleave(some, 0), codes).view(batch, some).MoveToOuterDisposeScope());
        }
        return cat(parts, 1);
    }

    /// <summary>Σ weight · −ln p(x|z) with its gradient, over the samples that have any weight: of 50 often one or two, and the others need
    /// no pass backward.</summary>
    Tensor WeighedNats(Tensor images, Tensor samples, Tensor weights)
    {
        (long batch, long count) = (samples.shape[0], samples.shape[1]);
        Tensor flat = weights.reshape(-1);
        Tensor kept = flat.Gt(MinWeight).nonzero().view(-1);
        Tensor codes = samples.reshape(batch * count, -1).index_select(0, kept);
        Tensor nats = Nats(images.index_select(0, kept.DivFloor(count)), codes);
        return (flat.index_select(0, kept) * nats).sum().Div(batch);
    }

    // [M, C, H, W] and Int64 [M, N] → [M].
    Tensor Nats(Tensor images, Tensor codes)
    {
        using DisposeScope scope = NewDisposeScope();
        return NatsOf(DecodeParameters(Embed(codes)), images).MoveToOuterDisposeScope();
    }

    static ImageCodecOptions Checked(ImageCodecOptions codec, VimcoOptions latents)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(latents);
        OptionProblems.Check("The options of the VIMCO model cannot be used", codec.Describe, latents.Describe);
        return codec;
    }
}

/// <summary>The kind of the latents of an <see cref="ImageVimco"/>.</summary>
public enum VimcoLatents
{
    /// <summary>One of K categories, each represented by a learned vector, like the codes of a VQ-VAE.</summary>
    Categorical,

    /// <summary>One of two categories, represented by −1 and 1.</summary>
    Bernoulli,
}

/// <summary>The settings of the latents of an <see cref="ImageVimco"/>. The defaults are latents like the codes of the VQ-VAE, and 10
/// samples in training; section 4.1 of the paper (arXiv 1711.00937) has 50.</summary>
public sealed class VimcoOptions
{
    /// <summary>The kind of the latents.</summary>
    /// <value>The default is <see cref="VimcoLatents.Categorical"/>.</value>
    public VimcoLatents Latents { get; set; } = VimcoLatents.Categorical;

    /// <summary>K: the number of categories of a latent. Bernoulli latents always have two.</summary>
    /// <value>At least 2. The default is 512.</value>
    public int Categories { get; set; } = 512;

    /// <summary>D: the dimension of the vector of a category. A Bernoulli latent is always one number.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int Dimensions { get; set; } = 64;

    /// <summary>G: the number of latents per position.</summary>
    /// <value>At least 1. The default is 1.</value>
    public int LatentsPerPosition { get; set; } = 1;

    /// <summary>S: the number of samples of all latents in the training objective.</summary>
    /// <value>From 2 to 20000. The default is 10.</value>
    public int Samples { get; set; } = 10;

    /// <summary>The number of samples in the reported bound. More samples make it tighter, independently of
    /// <see cref="Samples"/>.</summary>
    /// <value>From 1 to 20000. The default is 50.</value>
    public int EvaluationSamples { get; set; } = 50;

    // No weight bounds these counts, but each sample takes memory and a pass through the decoder.
    const int MaxSamples = 20_000;

    internal int CategoriesInUse => Latents == VimcoLatents.Bernoulli ? 2 : Categories;

    internal int DimensionsInUse => Latents == VimcoLatents.Bernoulli ? 1 : Dimensions;

    /// <summary>The number of encoder outputs per position: a score per category, or one score per Bernoulli latent.</summary>
    internal int EncodingChannels => checked(LatentsPerPosition * (Latents == VimcoLatents.Bernoulli ? 1 : Categories));

    /// <summary>The number of decoder inputs per position.</summary>
    internal int DecodingChannels => checked(LatentsPerPosition * DimensionsInUse);

    internal void Describe(OptionProblems problems)
    {
        problems.Require(Enum.IsDefined(Latents), nameof(Latents), $"one of {string.Join(", ", Enum.GetNames<VimcoLatents>())}", Latents);
        problems.AtLeast(nameof(Categories), Categories, 2);
        problems.AtLeast(nameof(Dimensions), Dimensions, 1);
        problems.AtLeast(nameof(LatentsPerPosition), LatentsPerPosition, 1);
        problems.Require(Samples is >= 2 and <= MaxSamples, nameof(Samples),
            $"from 2, since each sample is judged by the others, to {MaxSamples}", Samples);
        problems.Require(EvaluationSamples is >= 1 and <= MaxSamples, nameof(EvaluationSamples),
            $"from 1 to {MaxSamples}", EvaluationSamples);
    }

    internal VimcoOptions Copy() => (VimcoOptions)MemberwiseClone();
}
