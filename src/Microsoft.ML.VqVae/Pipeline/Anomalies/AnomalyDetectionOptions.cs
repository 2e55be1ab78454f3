using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="AnomalyDetectionEstimator"/>: the prior, the thresholds and the output columns.</summary>
public sealed class AnomalyDetectionOptions
{
    /// <summary>The default of <see cref="Quantile"/>.</summary>
    public const double DefaultQuantile = 0.95;

    /// <summary>The default of <see cref="CodeQuantile"/>.</summary>
    public const double DefaultCodeQuantile = 0.98;

    /// <summary>The settings of the prior that <c>Fit</c> trains. Its column of bits per code is not used:
    /// <see cref="PerCodeColumnName"/> names it.</summary>
    /// <value>The default is that of new <see cref="PriorOptions"/>.</value>
    public PriorOptions Prior { get; set; } = new();

    /// <summary>A prior that is trained already: <c>Fit</c> then learns the thresholds alone, from rows that the prior should better not
    /// have been trained on, as it knows those better than new ones. The prior may be disposed after <c>Fit</c>.</summary>
    /// <value>The default is <see langword="null"/>: a prior is trained with the settings of <see cref="Prior"/>.</value>
    public PriorTransformer? TrainedPrior { get; set; }

    /// <summary>The column that the codes are conditioned on, a key such as the type of a product.</summary>
    /// <value>The default is <see langword="null"/>: none, or the column of <see cref="TrainedPrior"/>.</value>
    public string? ConditionColumnName { get; set; }

    /// <summary>The share of the rows given to <c>Fit</c> whose scores are at or below the threshold.</summary>
    /// <value>More than 0, at most 1. The default is 0.95.</value>
    public double Quantile { get; set; } = DefaultQuantile;

    /// <summary>The share of the codes of these rows whose bits are at or below the threshold of a code, above which codes are
    /// restored.</summary>
    /// <value>More than 0, at most 1. The default is 0.98.</value>
    public double CodeQuantile { get; set; } = DefaultCodeQuantile;

    /// <summary>The share of the codes of a row, those with the most bits, whose mean is the score. A small share finds small
    /// defects, which all codes of a row would outweigh.</summary>
    /// <value>More than 0, at most 1; at least one code is taken. The default is 1: all codes.</value>
    public double ScoredShare { get; set; } = 1;

    /// <summary>The name of the column of scores.</summary>
    /// <value>The default is "Score", which ML.NET's evaluation expects.</value>
    public string ScoreColumnName { get; set; } = "Score";

    /// <summary>The name of the column that says whether the score of a row is above the threshold.</summary>
    /// <value>The default is "PredictedLabel", which ML.NET's evaluation expects.</value>
    public string PredictedLabelColumnName { get; set; } = "PredictedLabel";

    /// <summary>The name of a column for −log2 p of each code in bits: a vector of <see cref="float"/> with the dimensions of the
    /// codes.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? PerCodeColumnName { get; set; }

    /// <summary>The name of a column for restored codes: the codes of the row, in which those whose bits are above the threshold of a code
    /// are sampled from the prior, given all codes before them. The decoder of the codec turns them into an image or a series.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? RestoredCodesColumnName { get; set; }

    /// <summary>The seed of restored codes. The codes of a row do not depend on the rows beside it.</summary>
    /// <value>The default is 0.</value>
    public int RestorationSeed { get; set; }

    /// <summary>The name of a column for heat maps: the image as an MLImage, over which the bits of its codes are laid in red to yellow,
    /// transparent up to half the threshold of a code and opaque from one and a half times that threshold on. It needs a
    /// <see cref="Codec"/>.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? HeatMapColumnName { get; set; }

    /// <summary>The codec of the images, for heat maps: their column is read, in the layout of the codec. The codec is only read, and may
    /// be disposed after <c>Fit</c>.</summary>
    /// <value>The default is <see langword="null"/>.</value>
    public ImageVqVaeTransformer? Codec { get; set; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentException">Some settings are invalid. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of DetectAnomalies cannot be used");
        problems.Require(Prior is not null, nameof(Prior), "set", Prior);
        RequireShare(problems, nameof(Quantile), Quantile);
        RequireShare(problems, nameof(CodeQuantile), CodeQuantile);
        RequireShare(problems, nameof(ScoredShare), ScoredShare);
        problems.Require(!string.IsNullOrEmpty(ScoreColumnName), nameof(ScoreColumnName), "a name", "empty");
        problems.Require(!string.IsNullOrEmpty(PredictedLabelColumnName), nameof(PredictedLabelColumnName), "a name", "empty");
        foreach ((string option, string? name) in (ReadOnlySpan<(string, string?)>)
        [
            (nameof(ConditionColumnName), ConditionColumnName), (nameof(PerCodeColumnName), PerCodeColumnName),
            (nameof(RestoredCodesColumnName), RestoredCodesColumnName), (nameof(HeatMapColumnName), HeatMapColumnName),
        ])
            problems.Require(name != "", option, "a name or null", "\"\"");
        problems.Require(HeatMapColumnName is null || Codec is not null, nameof(Codec), $"set where {nameof(HeatMapColumnName)} is", Codec);
        problems.ThrowIfAny();
        if (TrainedPrior is null)
            Prior!.Validate();
    }

    internal static void RequireShare(OptionProblems problems, string option, double found) =>
        problems.Require(found is > 0 and <= 1, option, "more than 0 and at most 1", found);
}
