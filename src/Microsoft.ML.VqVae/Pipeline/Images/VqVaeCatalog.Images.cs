using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Images, section 4.1 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a VQ-VAE on a column of images and adds their discrete codes as keys, with the settings of
    /// <see cref="ImageVqVaeOptions.Fast"/> where nothing else is said: a network and a schedule made for a CPU.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, as ExtractPixels gives, or MLImage. Null,
    /// the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded images; null, the default, for none.</param>
    /// <param name="codes">K: how many codes the codebook holds.</param>
    /// <param name="codesPerPosition">G: how many codes describe a position.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of <see cref="ImageVqVaeOptions.Fast"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="ImageVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.ExtractPixels("Pixels", "Image")
    ///     .Append(ml.Transforms.VqVae.EncodeImages("Codes", "Pixels"))
    ///     .Append(ml.Transforms.Conversion.MapKeyToVector("Features", "Codes"));
    /// </code>
    /// </example>
    public ImageVqVaeEstimator EncodeImages(
        string outputColumnName, string? inputColumnName = null, string? reconstructionColumnName = null, int codes = 512,
        int codesPerPosition = 1, int? steps = null, int? seed = null)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
        options.ReconstructionColumnName = reconstructionColumnName;
        options.VectorQuantizer.Codes = codes;
        options.VectorQuantizer.CodesPerPosition = codesPerPosition;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeImages(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a VQ-VAE on a column of images and adds their discrete codes as keys, with settings for everything.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, as ExtractPixels gives, or MLImage. Null
    /// for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings, for example <see cref="ImageVqVaeOptions.Cifar10"/> or
    /// <see cref="ImageVqVaeOptions.Fast"/>.</param>
    /// <returns>The estimator; <see cref="ImageVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public ImageVqVaeEstimator EncodeImages(string outputColumnName, string? inputColumnName, ImageVqVaeOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);
}
