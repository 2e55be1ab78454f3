using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// The models that the paper compares with.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a Gaussian VAE, the continuous model that the paper compares with, on a column of images and adds the means of its latents,
    /// with the settings of <see cref="ImageGaussianVaeOptions.Fast"/> where nothing else is said.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single, h, w, D&gt;.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, as ExtractPixels gives, or MLImage. Null,
    /// the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded images; null, the default, for none.</param>
    /// <param name="boundBitsColumnName">A column to add for the bits of each image; null, the default, for none.</param>
    /// <param name="latentChannels">D: how many latents there are at each position.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of
    /// <see cref="ImageGaussianVaeOptions.Fast"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="GaussianVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    public GaussianVaeEstimator EncodeGaussianVae(
        string outputColumnName, string? inputColumnName = null, string? reconstructionColumnName = null,
        string? boundBitsColumnName = null, int latentChannels = ImageGaussianVaeOptions.DefaultLatentChannels,
        int? steps = null, int? seed = null)
    {
        ImageGaussianVaeOptions options = ImageGaussianVaeOptions.Fast();
        (options.ReconstructionColumnName, options.BoundBitsColumnName) = (reconstructionColumnName, boundBitsColumnName);
        options.LatentChannels = latentChannels;
        (options.Training.Steps, options.Training.Seed) = (steps ?? options.Training.Steps, seed);
        return EncodeGaussianVae(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a Gaussian VAE on a column of images and adds the means of its latents, with settings for everything.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Single, h, w, D&gt;.</param>
    /// <param name="inputColumnName">The column of images, as above; null for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings.</param>
    /// <returns>The estimator; <see cref="GaussianVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public GaussianVaeEstimator EncodeGaussianVae(string outputColumnName, string? inputColumnName, ImageGaussianVaeOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);

    /// <summary>
    /// Trains an autoencoder with discrete random latents by VIMCO, the discrete model that the paper compares with, on a column of images
    /// and adds its likeliest latents as keys, with the settings of <see cref="ImageVimcoOptions.Fast"/> where nothing else is said.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, as ExtractPixels gives, or MLImage. Null,
    /// the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded images; null, the default, for none.</param>
    /// <param name="boundBitsColumnName">A column to add for the bits of each image; null, the default, for none.</param>
    /// <param name="categories">K: how many categories a latent has.</param>
    /// <param name="latentsPerPosition">G: how many latents there are at each position.</param>
    /// <param name="samples">S: over how many samples training takes its bound; null, the default, for that of
    /// <see cref="ImageVimcoOptions.Fast"/>.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of <see cref="ImageVimcoOptions.Fast"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="VimcoEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    public VimcoEstimator EncodeVimco(
        string outputColumnName, string? inputColumnName = null, string? reconstructionColumnName = null,
        string? boundBitsColumnName = null, int categories = 512, int latentsPerPosition = 1, int? samples = null,
        int? steps = null, int? seed = null)
    {
        ImageVimcoOptions options = ImageVimcoOptions.Fast();
        (options.ReconstructionColumnName, options.BoundBitsColumnName) = (reconstructionColumnName, boundBitsColumnName);
        (options.Latents.Categories, options.Latents.LatentsPerPosition) = (categories, latentsPerPosition);
        options.Latents.Samples = samples ?? options.Latents.Samples;
        (options.Training.Steps, options.Training.Seed) = (steps ?? options.Training.Steps, seed);
        return EncodeVimco(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains an autoencoder by VIMCO on a column of images and adds its likeliest latents as keys, with settings for
    /// everything.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images, as above; null for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings.</param>
    /// <returns>The estimator; <see cref="VimcoEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public VimcoEstimator EncodeVimco(string outputColumnName, string? inputColumnName, ImageVimcoOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);
}
