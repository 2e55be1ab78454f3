using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="ImageVqVaeEstimator"/>: the network, its training, and the columns that are made besides the
/// codes.</summary>
/// <remarks>The defaults are the paper's network (van den Oord et al. 2017, arXiv 1711.00937), made for a GPU; <see cref="Fast"/> is made
/// for a CPU.</remarks>
public sealed partial class ImageVqVaeOptions : ImageModelOptions
{
    /// <summary>The codebook: how many codes, of how many dimensions, and how they learn.</summary>
    /// <value>The default is one codebook of 512 codes, learnt by gradient.</value>
    public VectorQuantizerOptions Quantizer { get; set; } = new();

    /// <summary>The name of a column for the code vectors that stand for the image: Vector&lt;Single, h, w, D·G&gt;.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EmbeddingsColumnName { get; set; }

    /// <summary>The name of a column for the mean squared difference between image and reconstruction, a Single in squared units of the
    /// input.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionErrorColumnName { get; set; }

    private protected override string Method => "EncodeImages";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Quantizer is not null, nameof(Quantizer), "set", Quantizer);
        Quantizer?.Describe(problems);
        RequireName(problems, nameof(EmbeddingsColumnName), EmbeddingsColumnName);
        RequireName(problems, nameof(ReconstructionErrorColumnName), ReconstructionErrorColumnName);
    }
}
