using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Second-level codes, section 4.2 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>Trains a second-level VQ-VAE on a column of codes and adds a few latents per row as keys, using the defaults of
    /// <see cref="CodesVqVaeOptions"/> (CPU-sized network and schedule) unless overridden. See section 4.2 of arXiv 1711.00937.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, L&gt;, with key values and slot names.</param>
    /// <param name="codesColumnName">The column of codes: a known-sized vector of keys, such as the output of EncodeImages.</param>
    /// <param name="latents">L: number of latents per row, each with its own codebook.</param>
    /// <param name="codes">K: number of codes of a latent.</param>
    /// <param name="steps">Number of training steps; null, the default, for 1,500.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="CodesVqVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
    public CodesVqVaeEstimator EncodeCodes(
        string outputColumnName, string codesColumnName, int latents = 3, int codes = 512, int? steps = null, int? seed = null)
    {
        var options = new CodesVqVaeOptions();
        options.VectorQuantizer.CodesPerPosition = latents;
        options.VectorQuantizer.Codes = codes;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeCodes(outputColumnName, codesColumnName, options);
    }

    /// <summary>Trains a second-level VQ-VAE on a column of codes and adds a few latents per row as keys, with full control over the
    /// settings.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, L&gt;, with key values and slot names.</param>
    /// <param name="codesColumnName">The column of codes: a known-sized vector of keys, such as the output of EncodeImages.</param>
    /// <param name="options">The settings.</param>
    /// <returns>The estimator; <see cref="CodesVqVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public CodesVqVaeEstimator EncodeCodes(string outputColumnName, string codesColumnName, CodesVqVaeOptions options) =>
        new(_environment, outputColumnName, codesColumnName, options);
}
