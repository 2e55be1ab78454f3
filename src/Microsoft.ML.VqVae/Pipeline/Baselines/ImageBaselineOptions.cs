using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings common to the baseline models of the paper (section 4.1 of arXiv 1711.00937): those of all image models, and the
/// column of the bound.</summary>
/// <remarks>These models are defined by their likelihood: the default of <see cref="ImageCodecOptions.PixelLikelihood"/> is
/// <see cref="PixelLikelihood.DiscretizedLogistic"/>.</remarks>
public abstract class ImageBaselineOptions : ImageModelOptions
{
    private protected ImageBaselineOptions() => Codec.PixelLikelihood = PixelLikelihood.DiscretizedLogistic;

    /// <summary>The name of a column for the upper bound of −log2 p(x) of a row, in bits, including its latents: a Single.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? BoundBitsColumnName { get; set; }

    private protected override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        RequireName(problems, nameof(BoundBitsColumnName), BoundBitsColumnName);
    }

    /// <summary>Applies the network and the schedule of <see cref="ImageVqVaeOptions.Fast"/>.</summary>
    private protected void MakeFast()
    {
        ImageVqVaeOptions fast = ImageVqVaeOptions.Fast();
        (Training, PixelLikelihood likelihood) = (fast.Training, Codec.PixelLikelihood);
        Codec = fast.Codec;
        Codec.PixelLikelihood = likelihood;
    }
}

/// <summary>The settings of <see cref="GaussianVaeEstimator"/>.</summary>
public sealed class ImageGaussianVaeOptions : ImageBaselineOptions
{
    /// <summary>The default of <see cref="LatentChannels"/>: the number of dimensions of a code of the VQ-VAE.</summary>
    public const int DefaultLatentChannels = 64;

    /// <summary>D: number of latents per position.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int LatentChannels { get; set; } = DefaultLatentChannels;

    /// <summary>The settings for a CPU: the network and the schedule of <see cref="ImageVqVaeOptions.Fast"/>.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageGaussianVaeOptions Fast()
    {
        var options = new ImageGaussianVaeOptions();
        options.MakeFast();
        return options;
    }

    private protected override string Method => "EncodeGaussianVae";

    private protected override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        problems.AtLeast(nameof(LatentChannels), LatentChannels, 1);
    }
}

/// <summary>The settings of <see cref="VimcoEstimator"/>.</summary>
public sealed class ImageVimcoOptions : ImageBaselineOptions
{
    /// <summary>The latents, and the number of samples of the bound.</summary>
    /// <value>The default is one latent of 512 categories per position, and 50 samples.</value>
    public VimcoOptions Latents { get; set; } = new();

    /// <summary>The settings for a CPU: the network and the schedule of <see cref="ImageVqVaeOptions.Fast"/>, and 10 samples in training.
    /// Each sample is decoded in each step, so that a step takes several times as long as that of a VQ-VAE.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVimcoOptions Fast()
    {
        var options = new ImageVimcoOptions();
        options.MakeFast();
        options.Latents.Samples = 10;
        return options;
    }

    private protected override string Method => "EncodeVimco";

    private protected override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        problems.Require(Latents is not null, nameof(Latents), "set", Latents);
        Latents?.Describe(problems);
    }
}
