using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// The baseline models of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a Gaussian VAE, the continuous baseline of the paper (section 4.1 of arXiv 1711.00937), on a column of images and adds the
    /// means of its latents, using the defaults of <see cref="ImageGaussianVaeOptions"/> unless overridden.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single, h, w, D&gt;.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, such as the output of ExtractPixels, or
    /// MLImage. Null, the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded images; null, the default, for none.</param>
    /// <param name="boundBitsColumnName">A column to add for the upper bound of −log2 p(x) in bits, a Single; null, the default, for
    /// none.</param>
    /// <param name="latentChannels">D: number of latents per position.</param>
    /// <param name="steps">Number of training steps; null, the default, for 2,500.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="GaussianVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
    public GaussianVaeEstimator EncodeGaussianVae(
        string outputColumnName, string? inputColumnName = null, string? reconstructionColumnName = null,
        string? boundBitsColumnName = null, int latentChannels = ImageGaussianVaeOptions.DefaultLatentChannels,
        int? steps = null, int? seed = null)
    {
        var options = new ImageGaussianVaeOptions();
        (options.ReconstructionColumnName, options.BoundBitsColumnName) = (reconstructionColumnName, boundBitsColumnName);
        options.LatentChannels = latentChannels;
        (options.Training.Steps, options.Training.Seed) = (steps ?? options.Training.Steps, seed);
        return EncodeGaussianVae(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a Gaussian VAE on a column of images and adds the means of its latents, with full control over the
    /// settings.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single, h, w, D&gt;.</param>
    /// <param name="inputColumnName">The column of images, as above; null for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings.</param>
    /// <returns>The estimator; <see cref="GaussianVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public GaussianVaeEstimator EncodeGaussianVae(string outputColumnName, string? inputColumnName, ImageGaussianVaeOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);

    /// <summary>
    /// Trains an autoencoder with discrete stochastic latents by VIMCO, the discrete baseline of the paper (section 4.1 of arXiv
    /// 1711.00937), on a column of images and adds its most likely latents as keys, using the defaults of <see cref="ImageVimcoOptions"/>
    /// unless overridden.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, such as the output of ExtractPixels, or
    /// MLImage. Null, the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded images; null, the default, for none.</param>
    /// <param name="boundBitsColumnName">A column to add for the upper bound of −log2 p(x) in bits, a Single; null, the default, for
    /// none.</param>
    /// <param name="categories">K: number of categories of a latent.</param>
    /// <param name="latentsPerPosition">G: number of latents per position.</param>
    /// <param name="samples">S: number of samples of the bound in training; null, the default, for 10.</param>
    /// <param name="steps">Number of training steps; null, the default, for 2,500.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="VimcoEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
    public VimcoEstimator EncodeVimco(
        string outputColumnName, string? inputColumnName = null, string? reconstructionColumnName = null,
        string? boundBitsColumnName = null, int categories = 512, int latentsPerPosition = 1, int? samples = null,
        int? steps = null, int? seed = null)
    {
        var options = new ImageVimcoOptions();
        (options.ReconstructionColumnName, options.BoundBitsColumnName) = (reconstructionColumnName, boundBitsColumnName);
        (options.Latents.Categories, options.Latents.LatentsPerPosition) = (categories, latentsPerPosition);
        options.Latents.Samples = samples ?? options.Latents.Samples;
        (options.Training.Steps, options.Training.Seed) = (steps ?? options.Training.Steps, seed);
        return EncodeVimco(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains an autoencoder by VIMCO on a column of images and adds its most likely latents as keys, with full
    /// control over the settings.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images, as above; null for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings.</param>
    /// <returns>The estimator; <see cref="VimcoEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public VimcoEstimator EncodeVimco(string outputColumnName, string? inputColumnName, ImageVimcoOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);
}
