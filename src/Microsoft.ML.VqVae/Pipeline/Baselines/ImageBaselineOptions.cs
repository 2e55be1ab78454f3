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
}

/// <summary>The settings of <see cref="GaussianVaeEstimator"/>. The defaults are for a CPU: network and schedule of
/// <see cref="ImageVqVaeOptions"/>.</summary>
public sealed class ImageGaussianVaeOptions : ImageBaselineOptions
{
    /// <summary>The default of <see cref="LatentChannels"/>: the number of dimensions of a code of the VQ-VAE.</summary>
    public const int DefaultLatentChannels = 64;

    /// <summary>D: number of latents per position.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int LatentChannels { get; set; } = DefaultLatentChannels;

    /// <summary>The default settings.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageGaussianVaeOptions Fast() => new();

    /// <summary>The network and the schedule of the paper for CIFAR-10 (section 4.1 of arXiv 1711.00937): 32×32×3 pixels, 256 channels.
    /// Training takes days on a CPU; use a GPU.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageGaussianVaeOptions Cifar10()
    {
        var options = new ImageGaussianVaeOptions();
        options.SetPaperSettings(side: 32);
        return options;
    }

    private protected override string Method => "EncodeGaussianVae";

    private protected override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        problems.AtLeast(nameof(LatentChannels), LatentChannels, 1);
    }
}

/// <summary>The settings of <see cref="VimcoEstimator"/>. The defaults are for a CPU: network and schedule of
/// <see cref="ImageVqVaeOptions"/>, and 10 samples in training. Each sample is decoded in each step, so that a step takes several times as
/// long as that of a VQ-VAE.</summary>
public sealed class ImageVimcoOptions : ImageBaselineOptions
{
    /// <summary>The latents, and the number of samples of the bound.</summary>
    /// <value>The default is one latent of 512 categories per position, and 10 samples in training.</value>
    public VimcoOptions Latents { get; set; } = new();

    /// <summary>The default settings.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVimcoOptions Fast() => new();

    /// <summary>The settings of the paper for CIFAR-10 (section 4.1 of arXiv 1711.00937): 32×32×3 pixels, 256 channels, 50 samples in
    /// training. Training takes weeks on a CPU; use a GPU.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static ImageVimcoOptions Cifar10()
    {
        var options = new ImageVimcoOptions();
        options.SetPaperSettings(side: 32);
        options.Latents.Samples = 50;
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
