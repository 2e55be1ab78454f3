using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="ImageFeatureEstimator"/>: the network, its training, its inputs, and the features.</summary>
/// <remarks>The defaults are for a CPU: three stages of 32, 64 and 128 channels, and 1,000 steps of 256 images with warmup and cosine decay
/// of the learning rate.</remarks>
public sealed class ImageFeatureOptions : NetworkOptions
{
    /// <summary>Creates options with the default settings.</summary>
    public ImageFeatureOptions() => Training = new()
    {
        LearningRate = 2e-3,
        BatchSize = 256,
        Steps = 1000,
        Schedule = LearningRateSchedule.Cosine(),
    };

    /// <summary>The network, its objectives, and the views that it is trained on.</summary>
    /// <value>The default has three stages of 32, 64 and 128 channels, and 256 features of a position of the last map.</value>
    public ImageFeatureNetworkOptions Network { get; set; } = new();

    /// <summary>The column of the codes of the images, a vector of keys of known size such as the output of EncodeImages: how often each
    /// occurs is then predicted from a view of the image. It is read in training only.</summary>
    /// <value>The default is <see langword="null"/>: no codes.</value>
    public string? CodesColumnName { get; set; }

    /// <summary>Number of parts along each axis of the last map whose means are features, after the mean of the whole map: 2 for those of
    /// 2×2 parts; 1 for the mean alone.</summary>
    /// <value>From 1 to 64. The default is 2.</value>
    public int PoolingSize { get; set; } = 2;

    /// <summary>Number of parts along each axis of the map of the stage before the last whose means are features too; 0 for none.</summary>
    /// <value>From 0 to 64; 0 for a network of one stage. The default is 3.</value>
    public int MiddlePoolingSize { get; set; } = 3;

    /// <summary>Height of the images in pixels.</summary>
    /// <value>0, the default, to take it from the column.</value>
    public int Height { get; set; }

    /// <summary>Width of the images in pixels.</summary>
    /// <value>0, the default, to take it from the column.</value>
    public int Width { get; set; }

    /// <summary>Color channels of the images: 1 for gray, 3 for color.</summary>
    /// <value>0, the default, to take it from the column.</value>
    public int Channels { get; set; }

    /// <summary>The order of the values in a vector column.</summary>
    /// <value>The default is <see cref="PixelLayout.FromColumn"/>.</value>
    public PixelLayout Layout { get; set; } = PixelLayout.FromColumn;

    /// <summary>The settings of the pixels of the column.</summary>
    internal PixelSettings Pixels => new(Height, Width, Channels, Layout);

    private protected override string Method => "FeaturizeImages";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Network is not null, nameof(Network), "set", Network);
        Network?.Describe(problems);
        if (Network is not null)
        {
            problems.Require(Network.ContrastiveWeight > 0 || (CodesColumnName is not null && Network.BagOfCodesWeight > 0),
                $"{nameof(Network)}.{nameof(Network.ContrastiveWeight)}",
                $"above 0, unless there are {nameof(CodesColumnName)} and {nameof(Network.BagOfCodesWeight)}", Network.ContrastiveWeight);
            problems.Require(CodesColumnName is null || Network.BagOfCodesWeight > 0, $"{nameof(Network)}.{nameof(Network.BagOfCodesWeight)}",
                $"above 0 with {nameof(CodesColumnName)}", Network.BagOfCodesWeight);
            DescribePooling(problems, Network.Stages, PoolingSize, MiddlePoolingSize);
        }
        // Views are compared with those of all images of the batch, and outputs are normalized by all of them.
        problems.Require(Training?.Group is null, $"{nameof(Training)}.{nameof(Training.Group)}",
            "null: the rows of a batch, which are compared and normalized together, would be in several processes", Training?.Group);
        RequireName(problems, nameof(CodesColumnName), CodesColumnName);
        problems.AtLeast(nameof(Height), Height, 0);
        problems.AtLeast(nameof(Width), Width, 0);
        problems.AtLeast(nameof(Channels), Channels, 0);
        problems.Require(Enum.IsDefined(Layout), nameof(Layout), $"one of {string.Join(", ", Enum.GetNames<PixelLayout>())}", Layout);
    }

    internal static void DescribePooling(OptionProblems problems, int stages, int last, int middle)
    {
        const int max = FeatureOptions.MaxPoolingSize;
        FeatureOptions.DescribePoolingSize(problems, last);
        problems.Require(middle is >= 0 and <= max, nameof(MiddlePoolingSize), $"from 0 to {max}", middle);
        problems.Require(stages > 1 || middle == 0, nameof(MiddlePoolingSize), "0 for a network of one stage", middle);
    }
}
