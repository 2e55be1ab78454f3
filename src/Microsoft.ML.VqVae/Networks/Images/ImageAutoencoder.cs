using TorchSharp;
using static System.FormattableString;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The common base of the models of images: the convolutional encoder and decoder of section 4.1 of "Neural Discrete
/// Representation Learning" (van den Oord et al. 2017, arXiv 1711.00937), the units of the pixels, and p(x|z).
/// </summary>
/// <remarks>
/// Names in <c>state_dict</c>: <c>pixels</c> [4] (mean, deviation, minimum, maximum); <c>encoder.down.N</c>,
/// <c>encoder.residual.N.wide</c>, <c>encoder.residual.N.narrow</c>, <c>encoder.project</c>, <c>decoder.expand</c>,
/// <c>decoder.residual.N.wide</c>, <c>decoder.residual.N.narrow</c>, <c>decoder.up.N</c>, each with <c>.weight</c> and <c>.bias</c> in
/// PyTorch's order of axes.
/// </remarks>
/// <typeparam name="TOutput">The output of the model for a batch of images.</typeparam>
public abstract class ImageAutoencoder<TOutput> : nn.Module<Tensor, TOutput>
{
    private protected readonly ImageCodecOptions codec;
    private protected readonly int seed;
    private protected readonly ImageEncoder encoder;
    private protected readonly ImageDecoder decoder;
    private protected readonly PixelDistribution likelihood;
    private protected Tensor pixels;
    readonly int latentChannels;

    /// <summary>Creates encoder and decoder with PyTorch's default initialization. The derived class calls RegisterComponents.</summary>
    /// <param name="name">The name of the module.</param>
    /// <param name="codec">Options that were checked; copied.</param>
    /// <param name="encodingChannels">The number of encoder outputs per position.</param>
    /// <param name="latentChannels">The number of decoder inputs per position.</param>
    /// <param name="seed">The seed of weights and the randomness of training.</param>
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

    /// <summary>D: the number of values of an image.</summary>
    private protected int ValuesPerImage => codec.Channels * codec.Height * codec.Width;

    /// <summary>Sets the units of the data: images are normalized by mean and standard deviation before encoding, decoded images are
    /// brought back to those units and clamped to the range. Until this is called, images are taken as they are and not clamped.</summary>
    /// <param name="mean">The mean over all pixels and channels of the training data.</param>
    /// <param name="deviation">The standard deviation over all pixels and channels of the training data, above 0.</param>
    /// <param name="minimum">The minimum value of a pixel.</param>
    /// <param name="maximum">The maximum value of a pixel, above <paramref name="minimum"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The values are not numbers of that kind.</exception>
    public void SetPixelStatistics(double mean, double deviation, double minimum, double maximum)
    {
        var problems = new OptionProblems("The pixel statistics cannot be used");
        problems.Require(double.IsFinite(mean), nameof(mean), "a finite number", mean);
        problems.Require(double.IsFinite(deviation) && deviation > 0, nameof(deviation),
            "a finite number above 0 (do all training images hold one and the same value?)", deviation);
        problems.Require(minimum < maximum, nameof(minimum), Invariant($"below the maximum {maximum}"), minimum);
        problems.ThrowIfAny();
        using IDisposable withoutGradients = no_grad();
        using Tensor values = tensor(new float[] { (float)mean, (float)deviation, (float)minimum, (float)maximum });
        pixels.copy_(values);
    }

    /// <summary>Extends the range that decoded images are clamped to by that of other data.</summary>
    internal void ExtendPixelRange(double minimum, double maximum)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        pixels[2] = pixels[2].ClampMax(minimum);
        pixels[3] = pixels[3].ClampMin(maximum);
    }

    /// <summary>Runs only the decoder: latents [B, channels, h, w] → images [B, C, H, W] in the units of the data, clamped to their range:
    /// the
    /// mean of p(x|z).</summary>
    /// <exception cref="ArgumentException">The latents have another shape.</exception>
    public Tensor Decode(Tensor quantized)
    {
        using DisposeScope scope = NewDisposeScope();
        return ImagesOf(DecodeParameters(quantized)).MoveToOuterDisposeScope();
    }

    /// <summary>−log2 p(x|z) of images [B, C, H, W], in the units of the data, as the bytes that they are
    /// (<see cref="ImageCodecOptions.ByteOffset"/>), for latents [B, channels, h, w]; [B].</summary>
    /// <exception cref="ArgumentException">Images or latents have another shape.</exception>
    public Tensor ReconstructionBits(Tensor quantized, Tensor pixels)
    {
        CheckImages(pixels);
        using DisposeScope scope = NewDisposeScope();
        return BitsOf(DecodeParameters(quantized), pixels).MoveToOuterDisposeScope();
    }

    /// <summary>The parameters of p(x|z), [B, C·P, H, W]; for <see cref="ImagesOf"/> and <see cref="BitsOf"/>.</summary>
    internal Tensor DecodeParameters(Tensor latents)
    {
        CheckShape(latents, [latentChannels, Grid.Height, Grid.Width], "Latents", nameof(latents));
        using DisposeScope scope = NewDisposeScope();
        return decoder.call(latents.ChannelsInnermost()).MoveToOuterDisposeScope();
    }

    internal OnnxValue ParametersToOnnx(OnnxValue latents) => decoder.ToOnnx(latents);

    internal Tensor ImagesOf(Tensor parameters)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor images = (likelihood.Mean(parameters, Units) * Statistic(1)).Add(Statistic(0));
        return images.clamp(Statistic(2), Statistic(3)).contiguous().MoveToOuterDisposeScope();
    }

    internal OnnxValue ImagesToOnnx(OnnxValue parameters) =>
        (likelihood.Mean(parameters, Units) * Statistic(1) + Statistic(0)).Clamp(Statistic(2).item<float>(), Statistic(3).item<float>());

    internal Tensor BitsOf(Tensor parameters, Tensor images) => NatsOf(parameters, images).Div(Math.Log(2));

    /// <summary>The bits of each value, [B, C, H, W].</summary>
    internal OnnxValue BitsToOnnx(OnnxValue parameters, OnnxValue images) => likelihood.Nats(parameters, images, Units) / Math.Log(2);

    /// <summary>−ln p(x|z), [B].</summary>
    private protected Tensor NatsOf(Tensor parameters, Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        return likelihood.Nats(parameters, images, Units).sum([1L, 2L, 3L]).MoveToOuterDisposeScope();
    }

    /// <summary>Nats of an image as bits for each of its values, without gradients.</summary>
    private protected Tensor BitsPerValue(Tensor nats) => nats.detach().Div(ValuesPerImage * Math.Log(2));

    /// <summary>The loss of a model that is defined by its bound on −log2 p(x): bits for each value of the images.</summary>
    /// <param name="total">The bound, whose gradient trains the model.</param>
    /// <param name="reconstructionBits">Its part −log2 p(x|z).</param>
    /// <param name="latentBits">The rest: the bits of the latents.</param>
    private protected static StepLoss BoundLoss(Tensor total, Tensor reconstructionBits, Tensor latentBits)
    {
        var terms = new Dictionary<string, Tensor> { ["reconstruction bits"] = reconstructionBits, ["latent bits"] = latentBits };
        return new StepLoss(total, terms) { Parts = terms.ToDictionary(term => term.Key, term => term.Value.detach()) };
    }

    private protected PixelUnits Units => new(Statistic(0), Statistic(1), codec.ByteOffset, codec.ByteScale);

    /// <summary>Mirrors a random half of the images in training if the options request it.</summary>
    private protected Tensor Augment(Tensor images, long step)
    {
        if (!training || !codec.FlipHorizontally)
            return images;
        using Generator generator = SeededRandom.CreateGenerator(seed, step);
        Tensor mirrored = BatchShare.Current.Draw(
            images.shape[0], rows => rand(rows, 1, 1, 1, dtype: ScalarType.Float32, generator: generator)).Lt(0.5).to(images.device);
        return where(mirrored, images.flip(3), images);
    }

    private protected Tensor Normalize(Tensor images) => ((images - Statistic(0)) / Statistic(1)).ChannelsInnermost();

    private protected OnnxValue NormalizeToOnnx(OnnxValue images) => (images - Statistic(0)) / Statistic(1);

    /// <summary>The range of a pixel in the training data, in the units of the data; infinite until it is set.</summary>
    internal (float Minimum, float Maximum) PixelRange
    {
        get
        {
            using DisposeScope scope = NewDisposeScope();
            return (Statistic(2).item<float>(), Statistic(3).item<float>());
        }
    }

    /// <summary>Images above their reconstructions, [1 or 3, 2·H, B·W] of bytes; the range of the training data is that of the
    /// bytes.</summary>
    private protected Tensor PictureOf(Tensor images, Tensor reconstructions)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor low = Statistic(2), range = Statistic(3) - low;
        Tensor both = ((cat([images, reconstructions], 2) - low) / range).Mul(255).clamp(low - low, ones_like(low).Mul(255));
        Tensor shown = both.narrow(1, 0, codec.Channels < 3 ? 1 : 3);
        return cat([.. shown.unbind(0)], 2).to(ScalarType.Byte).contiguous().MoveToOuterDisposeScope();
    }

    Tensor Statistic(int number) => pixels.narrow(0, number, 1);

    private protected void CheckImages(Tensor images) =>
        CheckShape(images, [codec.Channels, codec.Height, codec.Width], "Images", nameof(images));

    static void CheckShape(Tensor given, long[] expected, string what, string parameter) => TensorChecks.Shape(
        given, ScalarType.Float32, [TensorChecks.Any, .. expected], what, parameter, $"[batch, {string.Join(", ", expected)}]");
}

/// <summary>
/// The settings of the encoder and decoder of an <see cref="ImageVqVae"/>: the network of section 4.1 of the paper (arXiv 1711.00937), two
/// stride-2 4×4 convolutions, two residual blocks, and a decoder that mirrors them. The defaults are narrower than the 256 channels of the
/// paper, for a CPU.
/// </summary>
public sealed class ImageCodecOptions
{
    /// <summary>Height of the images in pixels; a multiple of 2 to the power of <see cref="Downsamplings"/>.</summary>
    /// <value>0, the default, to take it from the column.</value>
    public int Height { get; set; }

    /// <summary>Width of the images in pixels; a multiple of 2 to the power of <see cref="Downsamplings"/>.</summary>
    /// <value>0, the default, to take it from the column.</value>
    public int Width { get; set; }

    /// <summary>Color channels of the images: 1 for gray, 3 for color.</summary>
    /// <value>0, the default, to take it from the column.</value>
    public int Channels { get; set; }

    /// <summary>Channels of the layers that work at the resolution of the codes.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int HiddenChannels { get; set; } = 64;

    /// <summary>Channels of the layers at higher resolutions, where each channel takes the most computation.</summary>
    /// <value>At least 1, or 0 for as many as <see cref="HiddenChannels"/>. The default is 32.</value>
    public int OuterChannels { get; set; } = 32;

    /// <summary>Channels between the 3×3 and the 1×1 convolution of a residual block.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int ResidualChannels { get; set; } = 64;

    /// <summary>The number of residual blocks of the encoder and of the decoder.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int ResidualBlocks { get; set; } = 2;

    /// <summary>The number of times that height and width are halved by the encoder.</summary>
    /// <value>From 1 to 8. The default is 2: a code for 4×4 pixels.</value>
    public int Downsamplings { get; set; } = 2;

    /// <summary>Whether training mirrors a random half of the images left to right.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool FlipHorizontally { get; set; }

    /// <summary>The distribution of a pixel given the codes, used for the reconstruction loss and for bits.</summary>
    /// <value>The default is <see cref="PixelLikelihood.UnitGaussian"/>: the squared error.</value>
    public PixelLikelihood PixelLikelihood { get; set; } = PixelLikelihood.UnitGaussian;

    /// <summary>With <see cref="ByteScale"/>: the value of a byte in the units of the images, for counting bits. A byte b becomes
    /// (b − offset) · scale. Estimators take both from the column.</summary>
    /// <value>A finite number. The default is 0.</value>
    public float ByteOffset { get; set; }

    /// <summary>See <see cref="ByteOffset"/>.</summary>
    /// <value>A finite number other than 0. The default is 1: values from 0 to 255.</value>
    public float ByteScale { get; set; } = 1;

    /// <summary>Checks all settings together, sizes included: set those that come from a column first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The image codec's options cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Channels), Channels, 1);
        problems.AtLeast(nameof(HiddenChannels), HiddenChannels, 1);
        problems.AtLeast(nameof(OuterChannels), OuterChannels, 0);
        problems.AtLeast(nameof(ResidualChannels), ResidualChannels, 1);
        problems.AtLeast(nameof(ResidualBlocks), ResidualBlocks, 0);
        problems.Require(Downsamplings is >= 1 and <= 8, nameof(Downsamplings), "from 1 to 8", Downsamplings);
        problems.Require(Enum.IsDefined(PixelLikelihood), nameof(PixelLikelihood),
            $"one of {string.Join(", ", Enum.GetNames<PixelLikelihood>())}", PixelLikelihood);
        problems.Require(float.IsFinite(ByteOffset), nameof(ByteOffset), "a finite number", ByteOffset);
        problems.Require(float.IsFinite(ByteScale) && ByteScale != 0, nameof(ByteScale), "a finite number other than 0", ByteScale);
        int step = 1 << Math.Clamp(Downsamplings, 1, 8);
        string multiple = $"a positive multiple of {step} (halved {Downsamplings} times)";
        problems.Require(Height > 0 && Height % step == 0, nameof(Height), multiple, Height);
        problems.Require(Width > 0 && Width % step == 0, nameof(Width), multiple, Width);
    }

    internal int OuterChannelsOrDefault => OuterChannels > 0 ? OuterChannels : HiddenChannels;

    internal ImageCodecOptions Copy() => (ImageCodecOptions)MemberwiseClone();
}
