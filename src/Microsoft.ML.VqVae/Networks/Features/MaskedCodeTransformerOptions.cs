namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of a <see cref="MaskedCodeTransformer"/>.</summary>
/// <remarks>The number of codes and their grid are taken from the columns.</remarks>
public sealed class MaskedCodeTransformerOptions
{
    /// <summary>Number of layers, each with self-attention and a feed-forward network.</summary>
    /// <value>At least 1. The default is 4.</value>
    public int Layers { get; set; } = 4;

    /// <summary>Channels of the residual path, which is the number of features of a position.</summary>
    /// <value>At least 2, a multiple of twice the number of <see cref="Heads"/>. The default is 128.</value>
    public int Channels { get; set; } = 128;

    /// <summary>Number of attention heads, which share the <see cref="Channels"/>.</summary>
    /// <value>At least 1. The default is 4.</value>
    public int Heads { get; set; } = 4;

    /// <summary>Channels of the hidden layer of the feed-forward networks.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int FeedForwardChannels { get; set; } = 256;

    /// <summary>The share of channels dropped in training: of the heads' outputs and of the feed-forward networks' hidden layers.</summary>
    /// <value>From 0, the default, to below 1.</value>
    public double Dropout { get; set; }

    /// <summary>The layer whose outputs are the features, counted from 1.</summary>
    /// <value>From 1 to <see cref="Layers"/>. The default is 3.</value>
    public int FeatureLayer { get; set; } = 3;

    /// <summary>The weight of the loss of masked codes: the codes of masked positions are predicted from the others (BERT, Devlin et al.
    /// 2018, arXiv 1810.04805; BEiT, Bao et al. 2021, arXiv 2106.08254; HuBERT, Hsu et al. 2021, arXiv 2106.07447).</summary>
    /// <value>At least 0. The default is 1.</value>
    public double MaskedCodesWeight { get; set; } = 1;

    /// <summary>The share of positions that are masked.</summary>
    /// <value>Above 0 and below 1. The default is 0.5.</value>
    public double MaskShare { get; set; } = 0.5;

    /// <summary>The minimum size of a masked block: its height and width in a grid, its length in a line or a sequence.</summary>
    /// <value>At least 1, or 0, the default, for 2 in a grid and 4 in a line or a sequence.</value>
    public int MinMaskSize { get; set; }

    /// <summary>The maximum size of a masked block.</summary>
    /// <value>At least <see cref="MinMaskSize"/>, or 0, the default, for 4 in a grid and 10 in a line or a sequence.</value>
    public int MaxMaskSize { get; set; }

    /// <summary>The weight of the loss of the bag of codes: the frequencies of the codes of the whole row are predicted from the mean
    /// features of a view, a crop of the row.</summary>
    /// <value>At least 0. The default is 0.</value>
    public double BagOfCodesWeight { get; set; }

    /// <summary>The weight of the contrastive loss: of the views of all rows of a batch, the other view of the same row is recognized by
    /// the mean features (SimCLR, Chen et al. 2020, arXiv 2002.05709).</summary>
    /// <value>At least 0. The default is 0.</value>
    public double ContrastiveWeight { get; set; }

    /// <summary>The minimum share of the positions of a row in a view; the share is drawn for each step.</summary>
    /// <value>Above 0 and at most 1. The default is 0.4.</value>
    public double MinViewShare { get; set; } = 0.4;

    /// <summary>The temperature of the contrastive loss.</summary>
    /// <value>Above 0. The default is 0.2.</value>
    public double Temperature { get; set; } = 0.2;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The options of the masked code transformer cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Layers), Layers, 1);
        problems.AtLeast(nameof(Heads), Heads, 1);
        // Rotary positions rotate pairs of the channels of a head.
        problems.Require(Channels >= 2 && (Heads < 1 || Channels % (2L * Heads) == 0),
            nameof(Channels), $"a positive multiple of {nameof(Heads)} · 2", Channels);
        problems.AtLeast(nameof(FeedForwardChannels), FeedForwardChannels, 1);
        problems.Require(Dropout is >= 0 and < 1, nameof(Dropout), "from 0 to below 1", Dropout);
        problems.Require(FeatureLayer >= 1 && FeatureLayer <= Layers, nameof(FeatureLayer), $"from 1 to {nameof(Layers)}, {Layers}",
            FeatureLayer);
        problems.Require(MaskShare is > 0 and < 1, nameof(MaskShare), "above 0 and below 1", MaskShare);
        problems.AtLeast(nameof(MinMaskSize), MinMaskSize, 0);
        problems.Require(MaxMaskSize == 0 || MaxMaskSize >= Math.Max(1, MinMaskSize), nameof(MaxMaskSize),
            $"0, or {nameof(MinMaskSize)} or more", MaxMaskSize);
        double[] weights = [MaskedCodesWeight, BagOfCodesWeight, ContrastiveWeight];
        string[] names = [nameof(MaskedCodesWeight), nameof(BagOfCodesWeight), nameof(ContrastiveWeight)];
        for (int i = 0; i < weights.Length; i++)
            problems.Require(double.IsFinite(weights[i]) && weights[i] >= 0, names[i], "a number of 0 or more", weights[i]);
        problems.Require(Array.Exists(weights, weight => weight > 0), string.Join(", ", names), "above 0, at least one of them", 0);
        problems.Require(MinViewShare is > 0 and <= 1, nameof(MinViewShare), "above 0 and at most 1", MinViewShare);
        problems.Require(double.IsFinite(Temperature) && Temperature > 0, nameof(Temperature), "a number above 0", Temperature);
    }

    internal MaskedCodeTransformerOptions Copy() => (MaskedCodeTransformerOptions)MemberwiseClone();

    /// <summary>The smallest and the largest size of a masked block.</summary>
    internal (int Min, int Max) MaskSizes(bool isGrid)
    {
        int min = MinMaskSize > 0 ? MinMaskSize : isGrid ? 2 : 4;
        return (min, Math.Max(min, MaxMaskSize > 0 ? MaxMaskSize : isGrid ? 4 : 10));
    }
}
