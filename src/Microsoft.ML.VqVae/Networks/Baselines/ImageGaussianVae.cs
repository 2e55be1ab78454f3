using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A variational autoencoder with Gaussian latents (Kingma and Welling 2013, arXiv 1312.6114) around the encoder and decoder of an
/// <see cref="ImageVqVae"/>: the continuous model that section 4.1 of the paper (arXiv 1711.00937) compares with.
/// </summary>
/// <remarks>
/// At each of the h × w positions of the codes of a VQ-VAE are D real numbers, q(z|x) = N(μ, σ²) with p(z) = N(0, 1). With D equal to the
/// dimensions of the VQ-VAE's codes the decoders are the same to the last weight. Names in <c>state_dict</c>: those of
/// <see cref="ImageAutoencoder{T}"/>.
/// </remarks>
public sealed class ImageGaussianVae : ImageAutoencoder<GaussianPosterior>, ITrainable
{
    /// <summary>The minimum and maximum of ln σ², so that neither σ² nor its reciprocal overflows.</summary>
    const double MinLogVariance = -20, MaxLogVariance = 20;

    readonly int latentChannels;

    /// <summary>Creates a model with fresh weights, PyTorch's default initialization.</summary>
    /// <param name="codec">The settings of encoder and decoder, image size included; copied.</param>
    /// <param name="latentChannels">D: latents at each position; 1 or more.</param>
    /// <param name="seed">The seed of weights and the randomness of training; torch's global generator is not used.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options are invalid; the message lists all problems.</exception>
    public ImageGaussianVae(ImageCodecOptions codec, int latentChannels, int seed)
        : base(nameof(ImageGaussianVae), Checked(codec, latentChannels), checked(2 * latentChannels), latentChannels, seed)
    {
        this.latentChannels = latentChannels;
        RegisterComponents();
    }

    /// <summary>The shape of the latents of an image.</summary>
    public (int Height, int Width, int Channels) LatentShape => (Grid.Height, Grid.Width, latentChannels);

    /// <summary>q(z|x) for images [B, C, H, W] in the units of the data.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public override GaussianPosterior forward(Tensor pixels)
    {
        CheckImages(pixels);
        using DisposeScope scope = NewDisposeScope();
        Tensor encodings = encoder.call(Normalize(pixels));
        Tensor logVariance = encodings.narrow(1, latentChannels, latentChannels).Clamp(MinLogVariance, MaxLogVariance);
        return new GaussianPosterior(encodings.narrow(1, 0, latentChannels), logVariance).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph.</summary>
    internal (OnnxValue Mean, OnnxValue LogVariance) PosteriorToOnnx(OnnxValue pixels)
    {
        OnnxValue encodings = encoder.ToOnnx(NormalizeToOnnx(pixels));
        OnnxValue logVariance = encodings.Narrow(1, latentChannels, latentChannels).Clamp(MinLogVariance, MaxLogVariance);
        return (encodings.Narrow(1, 0, latentChannels), logVariance);
    }

    /// <summary>The evidence lower bound of a batch of images [B, C, H, W], estimated with one z for each image.</summary>
    /// <param name="pixels">The images, in the units of the data.</param>
    /// <param name="moment">The position in the training run, which with the seed decides z and which images are mirrored.</param>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public StepLoss Loss(Tensor pixels, TrainingMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        CheckImages(pixels);
        using DisposeScope scope = NewDisposeScope();
        Tensor images = Augment(pixels, moment.Step);
        (Tensor? reconstruction, Tensor? divergence) = Parts(images, training ? moment.Step : null);
        Tensor nats = reconstruction.mean().Add(divergence.mean());
        return BoundLoss(nats.Div(ValuesPerImage * Math.Log(2)), BitsPerValue(reconstruction.mean()), BitsPerValue(divergence.mean()))
            .MoveToOuterDisposeScope();
    }

    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) => Loss(batch[0], moment);

    /// <summary>The evidence lower bound as bits of each image, [B]: −log2 p(x|z) for one z, and the divergence. Without gradients; the
    /// same noise for every image.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public Tensor BoundBits(Tensor pixels)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        CheckImages(pixels);
        (Tensor? reconstruction, Tensor? divergence) = Parts(pixels, step: null);
        return reconstruction.Add(divergence).Div(Math.Log(2)).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, whose noise is a constant.</summary>
    internal OnnxValue BoundBitsToOnnx(OnnxValue pixels)
    {
        (OnnxValue mean, OnnxValue logVariance) = PosteriorToOnnx(pixels);
        using Generator generator = LatentNoise.Generator(seed, step: null);
        using Tensor noise = Noise(1, generator);
        OnnxValue reconstruction = BitsToOnnx(ParametersToOnnx(mean + (logVariance * 0.5).Exp() * noise), pixels);
        OnnxValue divergence = (mean.Square() + logVariance.Exp() - logVariance - 1).Sum(1, 2, 3) * (0.5 / Math.Log(2));
        return reconstruction.Sum(1, 2, 3) + divergence;
    }

    // Both [B], in nats. z = μ + σ·ε, so that the gradient reaches μ and σ.
    (Tensor Reconstruction, Tensor Divergence) Parts(Tensor images, long? step)
    {
        GaussianPosterior posterior = call(images);
        using Generator generator = LatentNoise.Generator(seed, step);
        Tensor noise = step is null
            ? Noise(1, generator) : BatchShare.Current.Draw(images.shape[0], rows => Noise(rows, generator));
        Tensor latents = posterior.Mean.Add(posterior.LogVariance.Mul(0.5).exp() * noise.to(images.device));
        return (NatsOf(DecodeParameters(latents), images), posterior.Divergence());
    }

    Tensor Noise(long images, Generator generator)
    {
        (int height, int width, int channels) = LatentShape;
        return randn(images, channels, height, width, dtype: ScalarType.Float32, generator: generator);
    }

    static ImageCodecOptions Checked(ImageCodecOptions codec, int latentChannels)
    {
        ArgumentNullException.ThrowIfNull(codec);
        OptionProblems.Check(
            "The options of the Gaussian VAE cannot be used", codec.Describe, problems => problems.AtLeast("LatentChannels", latentChannels, 1));
        return codec;
    }
}

/// <summary>q(z|x) of a Gaussian VAE: independent normal distributions.</summary>
/// <param name="Mean">Their means [B, D, h, w].</param>
/// <param name="LogVariance">The natural logarithms of their variances, of the same shape.</param>
public sealed record GaussianPosterior(Tensor Mean, Tensor LogVariance)
{
    /// <summary>KL(q(z|x) ‖ N(0, 1)) in nats for each image, [B]: ½ Σ (μ² + σ² − ln σ² − 1) (appendix B of arXiv 1312.6114).</summary>
    public Tensor Divergence()
    {
        using DisposeScope scope = NewDisposeScope();
        return (Mean.Square().Add(LogVariance.exp()) - LogVariance).Sub(1).sum([1L, 2L, 3L]).Mul(0.5).MoveToOuterDisposeScope();
    }

    internal GaussianPosterior MoveToOuterDisposeScope() => new(Mean.MoveToOuterDisposeScope(), LogVariance.MoveToOuterDisposeScope());
}

/// <summary>The random numbers that latents are drawn with: by seed and step in training, and elsewhere the same ones for every image and
/// every model, so that the result for a row depends neither on the rest of its batch nor on how the model was made.</summary>
internal static class LatentNoise
{
    // Far from the steps, which count up from 0, and from the streams of first weights.
    const long Streams = long.MinValue;

    /// <summary>A generator for the numbers of a step; of null for those outside of training.</summary>
    public static Generator Generator(int seed, long? step) =>
        step is { } number ? SeededRandom.CreateGenerator(seed, Streams + 1 + number) : SeededRandom.CreateGenerator(0, Streams);
}
