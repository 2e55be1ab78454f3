
namespace Microsoft.ML.VqVae.Networks;

/// <summary>What a latent of an <see cref="ImageVimco"/> is.</summary>
public enum VimcoLatents
{
    /// <summary>One of K categories, each with a vector of its own that the decoder is given: what a code is to a VQ-VAE.</summary>
    Categorical,

    /// <summary>One of two, given to the decoder as −1 and 1.</summary>
    Bernoulli,
}

/// <summary>The settings of the latents of an <see cref="ImageVimco"/>. The defaults are those of section 4.1 of the paper (arXiv
/// 1711.00937): 50 samples, and latents like the codes of its VQ-VAE.</summary>
public sealed class VimcoOptions
{
    /// <summary>What a latent is.</summary>
    /// <value>The default is <see cref="VimcoLatents.Categorical"/>.</value>
    public VimcoLatents Latents { get; set; } = VimcoLatents.Categorical;

    /// <summary>K: how many categories a latent has; Bernoulli latents have two whatever this says.</summary>
    /// <value>At least 2. The default is 512.</value>
    public int Categories { get; set; } = 512;

    /// <summary>D: how many numbers stand for a category; a Bernoulli latent is one number whatever this says.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int Dimensions { get; set; } = 64;

    /// <summary>G: how many latents there are at each position.</summary>
    /// <value>At least 1. The default is 1.</value>
    public int LatentsPerPosition { get; set; } = 1;

    /// <summary>S: how many samples of all latents the bound that training raises is taken over.</summary>
    /// <value>At least 2. The default is 50.</value>
    public int Samples { get; set; } = 50;

    /// <summary>The same for the bound that is reported. More samples make it tighter, whatever training used.</summary>
    /// <value>At least 1. The default is 50.</value>
    public int EvaluationSamples { get; set; } = 50;

    internal int CategoriesInUse => Latents == VimcoLatents.Bernoulli ? 2 : Categories;

    internal int DimensionsInUse => Latents == VimcoLatents.Bernoulli ? 1 : Dimensions;

    /// <summary>What the encoder gives at each position: a score for each category, or the one score of each Bernoulli latent.</summary>
    internal int EncodingChannels => checked(LatentsPerPosition * (Latents == VimcoLatents.Bernoulli ? 1 : Categories));

    /// <summary>What the decoder takes at each position.</summary>
    internal int DecodingChannels => checked(LatentsPerPosition * DimensionsInUse);

    internal void Describe(OptionProblems problems)
    {
        problems.Require(Enum.IsDefined(Latents), nameof(Latents), $"one of {string.Join(", ", Enum.GetNames<VimcoLatents>())}", Latents);
        problems.AtLeast(nameof(Categories), Categories, 2);
        problems.AtLeast(nameof(Dimensions), Dimensions, 1);
        problems.AtLeast(nameof(LatentsPerPosition), LatentsPerPosition, 1);
        problems.Require(Samples >= 2, nameof(Samples), "2 or more, since each sample is judged by the others", Samples);
        problems.AtLeast(nameof(EvaluationSamples), EvaluationSamples, 1);
    }

    internal VimcoOptions Copy() => (VimcoOptions)MemberwiseClone();
}
