using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Codes of codes, section 4.2 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>Trains a second VQ-VAE on a column of codes: a few latents that stand for the whole row (section 4.2 of arXiv 1711.00937),
    /// with the settings of <see cref="CodesVqVaeOptions.Fast"/> where nothing else is said.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, L&gt;, with key values and slot names.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys of known size, as EncodeImages makes it.</param>
    /// <param name="latents">L: how many latents stand for a row, each with a codebook of its own.</param>
    /// <param name="codes">K: how many codes a latent chooses from.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of <see cref="CodesVqVaeOptions.Fast"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="CodesVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    public CodesVqVaeEstimator EncodeCodes(
        string outputColumnName, string codesColumnName, int latents = 3, int codes = 512, int? steps = null, int? seed = null)
    {
        CodesVqVaeOptions options = CodesVqVaeOptions.Fast();
        options.VectorQuantizer.CodesPerPosition = latents;
        options.VectorQuantizer.Codes = codes;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeCodes(outputColumnName, codesColumnName, options);
    }

    /// <summary>Trains a second VQ-VAE on a column of codes, with settings for everything.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, L&gt;, with key values and slot names.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys of known size, as EncodeImages makes it.</param>
    /// <param name="options">The settings.</param>
    /// <returns>The estimator; <see cref="CodesVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public CodesVqVaeEstimator EncodeCodes(string outputColumnName, string codesColumnName, CodesVqVaeOptions options) =>
        new(_environment, outputColumnName, codesColumnName, options);
}
