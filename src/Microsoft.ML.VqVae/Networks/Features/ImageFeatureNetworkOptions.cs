namespace Microsoft.ML.VqVae.Networks;

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

/// <summary>The settings of the random views of an image that a network of features learns from. What a view may change, the features
/// learn to ignore: choose what does not change the meaning of the images.</summary>
public sealed class ImageViewOptions
{
    /// <summary>The minimum share of the area of the image that a view shows.</summary>
    /// <value>Above 0 and at most 1, which shows images whole. The default is 0.4.</value>
    public double MinCropShare { get; set; } = 0.4;

    /// <summary>The maximum rotation to either side, in degrees.</summary>
    /// <value>From 0 to 180. The default is 12.</value>
    public double MaxRotation { get; set; } = 12;

    /// <summary>Whether half of the views are mirrored left to right.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool FlipHorizontally { get; set; } = true;

    /// <summary>The maximum change of the brightness: values are multiplied by a factor from 1 − this to 1 + this.</summary>
    /// <value>From 0 to 1. The default is 0.35.</value>
    public double Brightness { get; set; } = 0.35;

    /// <summary>The maximum exponent of the gamma correction: values from the minimum, 0, to the maximum of the training data, 1, are raised
    /// to a power from 1 / this to this.</summary>
    /// <value>At least 1, which changes nothing. The default is 1.65.</value>
    public double MaxGamma { get; set; } = 1.65;

    /// <summary>The maximum change of the colors of images with three channels: the saturation is multiplied by a factor from 1 − 2 · this
    /// to 1 + 2 · this, and each channel by one from 1 − this to 1 + this.</summary>
    /// <value>From 0 to 0.5. The default is 0.3.</value>
    public double ColorJitter { get; set; } = 0.3;

    /// <summary>The share of the views of images with three channels that are gray.</summary>
    /// <value>From 0 to 1. The default is 0.2.</value>
    public double GrayShare { get; set; } = 0.2;

    /// <summary>The share of the views of which a rectangle is erased, of up to half the height and half the width.</summary>
    /// <value>From 0 to 1. The default is 0.6.</value>
    public double EraseShare { get; set; } = 0.6;

    internal void Describe(OptionProblems problems)
    {
        problems.Require(MinCropShare is > 0 and <= 1, nameof(MinCropShare), "above 0 and at most 1", MinCropShare);
        problems.Require(MaxRotation is >= 0 and <= 180, nameof(MaxRotation), "from 0 to 180", MaxRotation);
        problems.Require(Brightness is >= 0 and <= 1, nameof(Brightness), "from 0 to 1", Brightness);
        problems.Require(double.IsFinite(MaxGamma) && MaxGamma >= 1, nameof(MaxGamma), "a number of 1 or more", MaxGamma);
        problems.Require(ColorJitter is >= 0 and <= 0.5, nameof(ColorJitter), "from 0 to 0.5", ColorJitter);
        problems.Require(GrayShare is >= 0 and <= 1, nameof(GrayShare), "from 0 to 1", GrayShare);
        problems.Require(EraseShare is >= 0 and <= 1, nameof(EraseShare), "from 0 to 1", EraseShare);
    }

    internal ImageViewOptions Copy() => (ImageViewOptions)MemberwiseClone();
}
