using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The settings that the models which the paper compares with have in common: those of all models of images, and the column of the
/// bound.</summary>
/// <remarks>These models are defined by their likelihood: <see cref="ImageCodecOptions.PixelLikelihood"/> is
/// <see cref="PixelLikelihood.DiscretizedLogistic"/> unless something else is set.</remarks>
public abstract class ImageBaselineOptions : ImageModelOptions
{
    private protected ImageBaselineOptions() => Codec.PixelLikelihood = PixelLikelihood.DiscretizedLogistic;

    /// <summary>The name of a column for the model's bound on −log2 p(x), a Single: the bits that the row costs with its latents.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? BoundBitsColumnName { get; set; }

    private protected override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        RequireName(problems, nameof(BoundBitsColumnName), BoundBitsColumnName);
    }

    /// <summary>The network and the schedule of <see cref="ImageVqVaeOptions.Fast"/>.</summary>
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
    /// <summary>The number of latents at each position where nothing else is set: as many as a code of the VQ-VAE has dimensions.</summary>
    public const int DefaultLatentChannels = 64;

    /// <summary>D: how many latents there are at each position.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int LatentChannels { get; set; } = DefaultLatentChannels;

    /// <summary>Made for a CPU: the network and the schedule of <see cref="ImageVqVaeOptions.Fast"/>.</summary>
    /// <returns>New options, to be changed at will.</returns>
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
    /// <summary>What the latents are, and over how many samples of them the bound is taken.</summary>
    /// <value>The default is one latent of 512 categories at each position, and 50 samples.</value>
    public VimcoOptions Latents { get; set; } = new();

    /// <summary>Made for a CPU: the network and the schedule of <see cref="ImageVqVaeOptions.Fast"/>, and 10 samples in training. Every
    /// sample is decoded once a step, so that a step still takes several times as long as a VQ-VAE's.</summary>
    /// <returns>New options, to be changed at will.</returns>
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
