using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// What models of images have in common, whatever lies between: the convolutional encoder and decoder of section 4.1 of "Neural Discrete
/// Representation Learning" (van den Oord et al. 2017, arXiv 1711.00937), the units of the pixels, and p(x|z).
/// </summary>
/// <remarks>
/// Names in <c>state_dict</c>: <c>pixels</c> [4] (mean, deviation, minimum, maximum); <c>encoder.down.N</c>,
/// <c>encoder.residual.N.wide</c>, <c>encoder.residual.N.narrow</c>, <c>encoder.project</c>, <c>decoder.expand</c>,
/// <c>decoder.residual.N.wide</c>, <c>decoder.residual.N.narrow</c>, <c>decoder.up.N</c>, each with <c>.weight</c> and <c>.bias</c> in
/// PyTorch's order of axes.
/// </remarks>
/// <typeparam name="TOutput">What the model makes of a batch of images.</typeparam>
public abstract class ImageAutoencoder<TOutput> : nn.Module<Tensor, TOutput>
{
    private protected readonly ImageCodecOptions codec;
    private protected readonly int seed;
    private protected readonly ImageEncoder encoder;
    private protected readonly ImageDecoder decoder;
    private protected readonly PixelDistribution likelihood;
    private protected Tensor pixels;
    readonly int latentChannels;

    /// <summary>Makes encoder and decoder with fresh weights, PyTorch's default initialisation. The derived class registers.</summary>
    /// <param name="name">The name of the module.</param>
    /// <param name="codec">Options that were checked; copied.</param>
    /// <param name="encodingChannels">What the encoder gives at each position.</param>
    /// <param name="latentChannels">What the decoder takes at each position.</param>
    /// <param name="seed">What weights and the randomness of training are drawn from.</param>
    private protected ImageAutoencoder(string name, ImageCodecOptions codec, int encodingChannels, int latentChannels, int seed)
        : base(name)
    {
        this.codec = codec.Copy();
        this.seed = seed;
        this.latentChannels = latentChannels;
        likelihood = PixelDistribution.For(codec.PixelLikelihood);
        using (var source = new WeightSource(seed))
        {
            encoder = new ImageEncoder(codec, encodingChannels, source);
            decoder = new ImageDecoder(codec, latentChannels, source);
        }
        pixels = tensor(new float[] { 0, 1, float.NegativeInfinity, float.PositiveInfinity }).DetachFromDisposeScope();
    }

    /// <summary>A copy of the settings of encoder and decoder.</summary>
    public ImageCodecOptions Options => codec.Copy();

    private protected (int Height, int Width) Grid => (codec.Height >> codec.Downsamplings, codec.Width >> codec.Downsamplings);

    /// <summary>D: how many values an image has.</summary>
    private protected int ValuesPerImage => codec.Channels * codec.Height * codec.Width;

    /// <summary>Tells the units of the data: images are normalised by mean and standard deviation before encoding, decoded images are
    /// brought back to those units and clamped to the range. Until this is called, images are taken as they are and not clamped.</summary>
    /// <param name="mean">The mean over all pixels and channels of the training data.</param>
    /// <param name="deviation">The standard deviation over all pixels and channels of the training data, above 0.</param>
    /// <param name="minimum">The least value that a pixel can have.</param>
    /// <param name="maximum">The greatest value that a pixel can have, above <paramref name="minimum"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The values are not numbers of that kind.</exception>
    public void SetPixelStatistics(double mean, double deviation, double minimum, double maximum)
    {
        var problems = new OptionProblems("The pixel statistics cannot be used");
        problems.Require(double.IsFinite(mean), nameof(mean), "a finite number", mean);
        problems.Require(double.IsFinite(deviation) && deviation > 0, nameof(deviation),
            "a finite number above 0 (do all training images hold one and the same value?)", deviation);
        problems.Require(minimum < maximum, nameof(minimum), $"below the maximum {maximum}", minimum);
        problems.ThrowIfAny();
        using var withoutGradients = no_grad();
        using var values = tensor(new float[] { (float)mean, (float)deviation, (float)minimum, (float)maximum });
        pixels.copy_(values);
    }

    /// <summary>The decoder alone: latents [B, channels, h, w] → images [B, C, H, W] in the units of the data, clamped to their range: the
    /// mean of p(x|z).</summary>
    /// <exception cref="ArgumentException">The latents have another shape.</exception>
    public Tensor Decode(Tensor quantized)
    {
        using var scope = NewDisposeScope();
        return ImagesOf(DecodeParameters(quantized)).MoveToOuterDisposeScope();
    }

    /// <summary>−log2 p(x|z) of images [B, C, H, W], in the units of the data, as the bytes that they are
    /// (<see cref="ImageCodecOptions.ByteOffset"/>), for latents [B, channels, h, w]; [B].</summary>
    /// <exception cref="ArgumentException">Images or latents have another shape.</exception>
    public Tensor ReconstructionBits(Tensor quantized, Tensor pixels)
    {
        CheckImages(pixels);
        using var scope = NewDisposeScope();
        return BitsOf(DecodeParameters(quantized), pixels).MoveToOuterDisposeScope();
    }

    /// <summary>What the decoder says of the pixels, [B, C·P, H, W]; for <see cref="ImagesOf"/> and <see cref="BitsOf"/>.</summary>
    internal Tensor DecodeParameters(Tensor latents)
    {
        CheckShape(latents, [latentChannels, Grid.Height, Grid.Width], "Latents");
        using var scope = NewDisposeScope();
        return decoder.call(ChannelsLast(latents)).MoveToOuterDisposeScope();
    }

    internal Tensor ImagesOf(Tensor parameters)
    {
        using var scope = NewDisposeScope();
        var images = likelihood.Mean(parameters, Units) * Statistic(1) + Statistic(0);
        return images.clamp(Statistic(2), Statistic(3)).contiguous().MoveToOuterDisposeScope();
    }

    internal Tensor BitsOf(Tensor parameters, Tensor images) => NatsOf(parameters, images) / Math.Log(2);

    /// <summary>−ln p(x|z), [B].</summary>
    private protected Tensor NatsOf(Tensor parameters, Tensor images)
    {
        using var scope = NewDisposeScope();
        return likelihood.Nats(parameters, images, Units).sum([1L, 2L, 3L]).MoveToOuterDisposeScope();
    }

    /// <summary>Nats of an image as bits for each of its values, without gradients.</summary>
    private protected Tensor BitsPerValue(Tensor nats) => nats.detach() / (ValuesPerImage * Math.Log(2));

    /// <summary>The loss of a model that is defined by its bound on −log2 p(x): bits for each value of the images.</summary>
    /// <param name="total">The bound, whose gradient trains the model.</param>
    /// <param name="reconstructionBits">Its part −log2 p(x|z).</param>
    /// <param name="latentBits">The rest: the bits of the latents.</param>
    private protected static StepLoss BoundLoss(Tensor total, Tensor reconstructionBits, Tensor latentBits) =>
        new(total, new Dictionary<string, Tensor> { ["reconstruction bits"] = reconstructionBits, ["latent bits"] = latentBits });

    private protected PixelUnits Units => new(Statistic(0), Statistic(1), codec.ByteOffset, codec.ByteScale);

    /// <summary>In training, and where the options ask for it, a random half of the images mirrored.</summary>
    private protected Tensor Augment(Tensor images, long step)
    {
        if (!training || !codec.FlipHorizontally)
            return images;
        using var generator = SeededRandom.CreateGenerator(seed, step);
        var mirrored = (rand(images.shape[0], 1, 1, 1, dtype: ScalarType.Float32, generator: generator) < 0.5).to(images.device);
        return where(mirrored, images.flip(3), images);
    }

    private protected Tensor Normalise(Tensor images) => ChannelsLast((images - Statistic(0)) / Statistic(1));

    Tensor Statistic(int number) => pixels.narrow(0, number, 1);

    /// <summary>The same tensor with channels as the innermost axis in memory, which CPU convolutions are faster with (140 → 90 ms a
    /// training step was measured); convolutions keep that order.</summary>
    private protected static Tensor ChannelsLast(Tensor images) => images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

    private protected void CheckImages(Tensor images) => CheckShape(images, [codec.Channels, codec.Height, codec.Width], "Images");

    static void CheckShape(Tensor given, long[] expected, string what)
    {
        ArgumentNullException.ThrowIfNull(given);
        var shape = given.shape;
        if (shape.Length != 4 || !shape.AsSpan(1).SequenceEqual(expected) || given.dtype != ScalarType.Float32)
            throw new ArgumentException($"{what} must be Float32 [batch, {string.Join(", ", expected)}], but are {given.dtype} " +
                $"[{string.Join(", ", shape)}].");
    }
}
