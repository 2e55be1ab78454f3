using TorchSharp;
using TorchSharp.Modules;
using static System.FormattableString;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A convolutional network that learns features of images without labels, from two random views of each image: the views of one image are
/// recognized among those of a batch (SimCLR, Chen et al. 2020, arXiv 2002.05709), and the codes of the whole image are predicted from a
/// view, as in BEiT (Bao et al. 2021, arXiv 2106.08254).
/// </summary>
/// <remarks>
/// <para>A stage is a 3×3 convolution of stride 2 and residual blocks (He et al. 2015, arXiv 1512.03385), all with batch normalization and
/// ReLU; a 1×1 convolution follows the last. Features are means of parts of the last two maps.</para>
/// <para>Names in <c>state_dict</c>: <c>pixels</c> [4] (mean, deviation, minimum, maximum); of stage N <c>stages.N.down</c>,
/// <c>stages.N.residual.M.first</c> and <c>stages.N.residual.M.second</c>; <c>project</c>; each with <c>.kernel</c> in PyTorch's order of axes,
/// <c>.scale</c>, <c>.shift</c>, <c>.mean</c> and <c>.variance</c>; and those of the objectives whose weight is above 0, <c>contrastive</c> and
/// <c>bagOfCodes</c>, as in a <see cref="MaskedCodeTransformer"/>.</para>
/// </remarks>
public sealed class ImageFeatureNetwork : nn.Module, ITrainable
{
    // The streams of random numbers of views, in training and for held-out examples.
    const long ViewStream = 1L << 53, HeldOut = 1L << 54;

    readonly ImageFeatureNetworkOptions _options;
    readonly int _seed;
    // TorchSharp registers these by their names, which are those in state_dict.
    readonly Tensor pixels;
    readonly ModuleList<ImageFeatureStage> stages;
    readonly NormalizedConvolution project;
    readonly ContrastiveObjective? contrastive;
    readonly BagOfCodesObjective? bagOfCodes;

    /// <summary>Creates a network with fresh weights.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="size">Channels, height and width of the images.</param>
    /// <param name="codes">The codes of an image that are predicted; null for none.</param>
    /// <param name="seed">The seed of weights and views; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options or the sizes cannot work; the message lists all problems.</exception>
    public ImageFeatureNetwork(
        ImageFeatureNetworkOptions options, (int Channels, int Height, int Width) size, CodeGrid? codes, int seed)
        : base(nameof(ImageFeatureNetwork))
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options, size, codes);
        (_options, ImageSize, Codes, _seed) = (options.Copy(), size, codes, seed);
        using (var source = new WeightSource(seed))
        {
            int Channels(int stage) => stage == 0 ? size.Channels : options.Channels << (stage - 1);
            stages = new ModuleList<ImageFeatureStage>([.. Enumerable.Range(0, options.Stages).Select(
                stage => new ImageFeatureStage(Channels(stage), Channels(stage + 1), options.ResidualBlocks, source))]);
            project = new NormalizedConvolution(Channels(options.Stages), options.FeatureChannels, 1, 1, source);
            // Objectives come last: the weights before them are the same with any of them.
            contrastive = options.ContrastiveWeight > 0
                ? new ContrastiveObjective(options.FeatureChannels, options.ContrastiveWeight, options.Temperature, source) : null;
            bagOfCodes = codes is not null && options.BagOfCodesWeight > 0
                ? new BagOfCodesObjective(options.FeatureChannels, options.BagOfCodesWeight, codes, source) : null;
        }
        pixels = tensor(new float[] { 0, 1, 0, 1 }).DetachFromDisposeScope();
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public ImageFeatureNetworkOptions Options => _options.Copy();

    /// <summary>Channels, height and width of the images.</summary>
    public (int Channels, int Height, int Width) ImageSize { get; }

    /// <summary>The codes of an image that are predicted; null for none.</summary>
    public CodeGrid? Codes { get; }

    /// <summary>Sets the units of the data: images are normalized by mean and standard deviation, and views change values between minimum
    /// and maximum. Until this is called, images are taken as they are, from 0 to 1.</summary>
    /// <param name="mean">The mean over all pixels and channels of the training data.</param>
    /// <param name="deviation">Their standard deviation, above 0.</param>
    /// <param name="minimum">The minimum value of a pixel.</param>
    /// <param name="maximum">The maximum value of a pixel, above <paramref name="minimum"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The values are not numbers of that kind.</exception>
    public void SetPixelStatistics(double mean, double deviation, double minimum, double maximum)
    {
        var problems = new OptionProblems("The pixel statistics cannot be used");
        problems.Require(double.IsFinite(mean), nameof(mean), "a finite number", mean);
        problems.Require(double.IsFinite(deviation) && deviation > 0, nameof(deviation), "a finite number above 0", deviation);
        problems.Require(double.IsFinite(minimum), nameof(minimum), "a finite number", minimum);
        problems.Require(double.IsFinite(maximum) && maximum > minimum, nameof(maximum),
            Invariant($"a finite number above the minimum {minimum}"), maximum);
        problems.ThrowIfAny();
        using IDisposable withoutGradients = no_grad();
        using Tensor values = tensor(new float[] { (float)mean, (float)deviation, (float)minimum, (float)maximum });
        pixels.copy_(values);
    }

    /// <summary>Images [B, C, H, W] in the units of the data → the maps of the last two stages, or of the only one: Single [B, channels,
    /// height, width], the last one last.</summary>
    /// <exception cref="ArgumentException">The images have another shape.</exception>
    public IReadOnlyList<Tensor> Maps(Tensor images)
    {
        CheckImages(images);
        using DisposeScope scope = NewDisposeScope();
        List<Tensor> maps = [((images - Statistic(0)) / Statistic(1)).ChannelsInnermost()];
        foreach (ImageFeatureStage stage in stages)
            maps.Add(stage.call(maps[^1]));
        maps[^1] = project.call(maps[^1]).relu_();
        return [.. maps.Skip(1).TakeLast(2).Select(map => map.Single().MoveToOuterDisposeScope())];
    }

    /// <summary>The same in an ONNX graph.</summary>
    internal IReadOnlyList<OnnxValue> MapsToOnnx(OnnxValue images)
    {
        List<OnnxValue> maps = [(images - Statistic(0)) / Statistic(1)];
        foreach (ImageFeatureStage stage in stages)
            maps.Add(stage.ToOnnx(maps[^1]));
        maps[^1] = project.ToOnnx(maps[^1]).Relu();
        return [.. maps.Skip(1).TakeLast(2)];
    }

    /// <summary>The loss of a batch: the sum of the losses of the objectives, each times its weight.</summary>
    /// <param name="images">Single [B, C, H, W] in the units of the data.</param>
    /// <param name="codes">Int64 [B, N, G] where codes are predicted; otherwise null.</param>
    /// <param name="moment">The position in the training run, which with the seed decides the views. In evaluation mode the views of a batch
    /// are always the same.</param>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    public StepLoss Loss(Tensor images, Tensor? codes, TrainingMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        CheckImages(images);
        if (codes is null != Codes is null)
            throw new ArgumentException(Codes is null ? "The network predicts no codes: codes must be null." : "Codes are missing.", nameof(codes));
        if (Codes is CodeGrid grid)
        {
            TensorChecks.Shape(codes!, ScalarType.Int64, [images.shape[0], TensorChecks.AtLeast(1), grid.CodesPerPosition], "Codes", nameof(codes));
            TensorChecks.Range(codes!, 0, grid.Codes - 1, "Codes", nameof(codes));
        }
        using DisposeScope scope = NewDisposeScope();
        IFeatureObjective<ViewStep>?[] objectives = [contrastive, bagOfCodes];
        return FeatureLoss.Of(objectives.OfType<IFeatureObjective<ViewStep>>(), new Step(this, images, codes, training ? moment.Step : null))
            .MoveToOuterDisposeScope();
    }

    // The batch is [images, codes?], as a store of images with codes reads it.
    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) =>
        Loss(batch[0], Codes is CodeGrid grid ? batch[1].view(batch[1].shape[0], -1, grid.CodesPerPosition) : null, moment);

    Tensor Statistic(int number) => pixels.narrow(0, number, 1);

    void CheckImages(Tensor images) => TensorChecks.Shape(images, ScalarType.Float32,
        [TensorChecks.Any, ImageSize.Channels, ImageSize.Height, ImageSize.Width], "Images", nameof(images));

    static void Check(ImageFeatureNetworkOptions options, (int Channels, int Height, int Width) size, CodeGrid? codes)
    {
        var problems = new OptionProblems("The options of the image feature network cannot be used");
        options.Describe(problems);
        problems.AtLeast(nameof(size.Channels), size.Channels, 1);
        problems.AtLeast(nameof(size.Height), size.Height, 1);
        problems.AtLeast(nameof(size.Width), size.Width, 1);
        problems.AtLeast(nameof(codes), codes?.Codes ?? 2, 2);
        problems.AtLeast(nameof(codes.CodesPerPosition), codes?.CodesPerPosition ?? 1, 1);
        problems.Require(options.ContrastiveWeight > 0 || (codes is not null && options.BagOfCodesWeight > 0),
            nameof(options.ContrastiveWeight), "above 0, unless codes are predicted", options.ContrastiveWeight);
        problems.ThrowIfAny();
    }

    /// <summary>A batch of images and their codes.</summary>
    sealed class Step(ImageFeatureNetwork network, Tensor images, Tensor? codes, long? step) : ViewStep(codes, lengths: null)
    {
        protected override (Tensor First, Tensor Second) RunViews()
        {
            Tensor minimum = network.Statistic(2), range = network.Statistic(3) - minimum;
            Tensor units = (images - minimum) / range;
            var views = new ImageViews(network._options.Views, network._seed);
            long stream = step is long number ? ViewStream + (2 * number) : ViewStream + HeldOut;
            // One pass, so that both views are normalized alike.
            Tensor both = (cat([views.Of(units, stream), views.Of(units, stream + 1)], 0) * range).Add(minimum);
            Tensor features = network.Maps(both)[^1].mean([2, 3]);
            long rows = images.shape[0];
            return (features.narrow(0, 0, rows), features.narrow(0, rows, rows));
        }
    }
}

/// <summary>A 3×3 convolution of stride 2 and residual blocks: [B, I, H, W] → [B, O, ⌈H/2⌉, ⌈W/2⌉].</summary>
internal sealed class ImageFeatureStage : nn.Module<Tensor, Tensor>
{
    readonly NormalizedConvolution down;
    readonly ModuleList<NormalizedResidualBlock> residual;

    public ImageFeatureStage(int inputs, int outputs, int blocks, WeightSource source) : base(nameof(ImageFeatureStage))
    {
        down = new NormalizedConvolution(inputs, outputs, 3, 2, source);
        residual = new ModuleList<NormalizedResidualBlock>(
            [.. Enumerable.Range(0, blocks).Select(_ => new NormalizedResidualBlock(outputs, source))]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor states = down.call(input).relu_();
        foreach (NormalizedResidualBlock block in residual)
            states = block.call(states);
        return states.MoveToOuterDisposeScope();
    }

    public OnnxValue ToOnnx(OnnxValue input)
    {
        OnnxValue states = down.ToOnnx(input).Relu();
        foreach (NormalizedResidualBlock block in residual)
            states = block.ToOnnx(states);
        return states;
    }
}

/// <summary>The settings of an <see cref="ImageFeatureNetwork"/>: its layers, its objectives, and the views that it is trained on.</summary>
/// <remarks>The sizes of the images and the codes are taken from the columns.</remarks>
public sealed class ImageFeatureNetworkOptions
{
    const int MaxStages = 8, MaxChannels = 1 << 16;

    /// <summary>The number of stages. Each halves height and width, rounding up, and has twice the channels of the one before.</summary>
    /// <value>From 1 to 8. The default is 3.</value>
    public int Stages { get; set; } = 3;

    /// <summary>Channels of the first stage.</summary>
    /// <value>From 1 to 65,536. The default is 32.</value>
    public int Channels { get; set; } = 32;

    /// <summary>The number of residual blocks of a stage.</summary>
    /// <value>Zero or more. The default is 1.</value>
    public int ResidualBlocks { get; set; } = 1;

    /// <summary>Channels of the last map, to which a 1×1 convolution brings those of the last stage.</summary>
    /// <value>At least 2. The default is 256.</value>
    public int FeatureChannels { get; set; } = 256;

    /// <summary>The weight of the contrastive loss: of the views of all images of a batch, the other view of the same image is recognized
    /// by the mean features (SimCLR, Chen et al. 2020, arXiv 2002.05709).</summary>
    /// <value>At least 0. The default is 1.</value>
    public double ContrastiveWeight { get; set; } = 1;

    /// <summary>The temperature of the contrastive loss.</summary>
    /// <value>Above 0. The default is 0.2.</value>
    public double Temperature { get; set; } = 0.2;

    /// <summary>The weight of the loss of the bag of codes, where there is a column of codes: the frequencies of the codes of the whole
    /// image are predicted from the mean features of a view of it.</summary>
    /// <value>At least 0. The default is 1.</value>
    public double BagOfCodesWeight { get; set; } = 1;

    /// <summary>The random views of the images.</summary>
    /// <value>The default is crops of 40 % of the area or more, slightly rotated, of which half are mirrored, of other brightness and colors,
    /// and with a part erased.</value>
    public ImageViewOptions Views { get; set; } = new();

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The options of the image feature network cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.Require(Stages is >= 1 and <= MaxStages, nameof(Stages), $"from 1 to {MaxStages}", Stages);
        // Channels double from stage to stage.
        problems.Require(Channels is >= 1 and <= MaxChannels, nameof(Channels), $"from 1 to {MaxChannels}", Channels);
        problems.AtLeast(nameof(ResidualBlocks), ResidualBlocks, 0);
        problems.AtLeast(nameof(FeatureChannels), FeatureChannels, 2);
        problems.Require(double.IsFinite(ContrastiveWeight) && ContrastiveWeight >= 0, nameof(ContrastiveWeight), "a number of 0 or more",
            ContrastiveWeight);
        problems.Require(double.IsFinite(Temperature) && Temperature > 0, nameof(Temperature), "a number above 0", Temperature);
        problems.Require(double.IsFinite(BagOfCodesWeight) && BagOfCodesWeight >= 0, nameof(BagOfCodesWeight), "a number of 0 or more",
            BagOfCodesWeight);
        problems.Require(Views is not null, nameof(Views), "set", Views);
        Views?.Describe(problems);
    }

    /// <summary>The map of a stage, counted from 1, of images of some size: its positions, and its channels as the codes of a
    /// position.</summary>
    internal CodeGrid MapOf(int stage, int height, int width)
    {
        int Halved(int size) => (int)((size + (1L << stage) - 1) >> stage);
        return new(Halved(height), Halved(width), stage == Stages ? FeatureChannels : Channels << (stage - 1), Codes: 0);
    }

    internal ImageFeatureNetworkOptions Copy()
    {
        var copy = (ImageFeatureNetworkOptions)MemberwiseClone();
        copy.Views = Views.Copy();
        return copy;
    }
}
