using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="FeatureEstimator"/>: the network, its training, its inputs, and the output columns.</summary>
/// <remarks>The defaults are for a CPU: 4 layers of 128 channels, and 1,500 steps of 128 rows with warmup and linear decay of the learning
/// rate.</remarks>
public sealed class FeatureOptions : NetworkOptions
{
    /// <summary>The default of <see cref="CropLength"/>.</summary>
    public const int DefaultCropLength = 256;

    // The features of a row are an array.
    internal const int MaxPoolingSize = 64;

    /// <summary>Creates options with the default settings.</summary>
    public FeatureOptions() => Training = new()
    {
        LearningRate = 1e-3,
        BatchSize = 128,
        Steps = 1500,
        Schedule = LearningRateSchedule.WarmupAtMost(50, holdUntilFraction: 0.4, finalFraction: 0.02),
    };

    /// <summary>The network, its features, and the objectives that it is trained for.</summary>
    /// <value>The default has 4 layers of 128 channels, of which the third gives the features, and predicts masked codes.</value>
    public MaskedCodeTransformerOptions Network { get; set; } = new();

    /// <summary>The column that the network reads instead of codes: a vector of Single, position by position, such as the encoder outputs or
    /// the embeddings of a codec (EncoderOutputsColumnName, EmbeddingsColumnName). The codes are then read in training only, as what is
    /// predicted.</summary>
    /// <value>The default is <see langword="null"/>: the network reads the codes.</value>
    public string? InputColumnName { get; set; }

    /// <summary>G: number of codes at a position, side by side in the column of codes.</summary>
    /// <value>At least 1, or 0, the default, for the third dimension of a grid (the fourth of a clip), and 1 for other columns.</value>
    public int CodesPerPosition { get; set; }

    /// <summary>Number of parts along each axis of a row whose means are the features: 1 for the mean over all positions; 3 for those of
    /// the 3×3 parts of a grid, or of the thirds of a line or a sequence.</summary>
    /// <value>From 1 to 64. The default is 1.</value>
    public int PoolingSize { get; set; } = 1;

    /// <summary>Whether the maximum of each channel over all positions follows the means.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool IncludeMaximum { get; set; }

    /// <summary>The name of a column for the features of each position, position by position: a vector of Single.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? PositionsColumnName { get; set; }

    /// <summary>Number of positions of a training example, for rows of any length. Longer rows are cropped at random. Rows are transformed
    /// whole.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int CropLength { get; set; } = DefaultCropLength;

    private protected override string Method => "Featurize";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Network is not null, nameof(Network), "set", Network);
        Network?.Describe(problems);
        // A view is compared with those of all rows of the batch, which are in other processes.
        problems.Require(Network is not { ContrastiveWeight: > 0 } || Training?.Group is null,
            $"{nameof(Network)}.{nameof(Network.ContrastiveWeight)}", "0 in a training group", Network?.ContrastiveWeight);
        RequireName(problems, nameof(InputColumnName), InputColumnName);
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 0);
        DescribePoolingSize(problems, PoolingSize);
        RequireName(problems, nameof(PositionsColumnName), PositionsColumnName);
        problems.AtLeast(nameof(CropLength), CropLength, 1);
    }

    internal static void DescribePoolingSize(OptionProblems problems, int found) => problems.Require(
        found is >= 1 and <= MaxPoolingSize, nameof(PoolingSize), $"from 1 to {MaxPoolingSize}", found);
}
