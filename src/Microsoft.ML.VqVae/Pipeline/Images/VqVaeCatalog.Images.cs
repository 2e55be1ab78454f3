using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Images, section 4.1 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a VQ-VAE on a column of images and adds their discrete codes as keys, using the defaults of <see cref="ImageVqVaeOptions"/>
    /// (CPU-sized network and schedule) unless overridden. See section 4.1 of arXiv 1711.00937.
    /// </summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, such as the output of ExtractPixels, or
    /// MLImage. Null, the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded images; null, the default, for none.</param>
    /// <param name="codes">K: number of codes in the codebook.</param>
    /// <param name="codesPerPosition">G: number of codes per position.</param>
    /// <param name="steps">Number of training steps; null, the default, for 2,500.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="ImageVqVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
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
        var options = new ImageVqVaeOptions { ReconstructionColumnName = reconstructionColumnName };
        options.VectorQuantizer.Codes = codes;
        options.VectorQuantizer.CodesPerPosition = codesPerPosition;
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return EncodeImages(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a VQ-VAE on a column of images and adds their discrete codes as keys, with full control over the settings.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Key&lt;UInt32, K&gt;, h, w, G&gt;, with key values and slot
    /// names.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, such as the output of ExtractPixels, or
    /// MLImage. Null for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings: new options, which have the defaults of the method without options, or a preset such as
    /// <see cref="ImageVqVaeOptions.Cifar10"/>.</param>
    /// <returns>The estimator; <see cref="ImageVqVaeEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public ImageVqVaeEstimator EncodeImages(string outputColumnName, string? inputColumnName, ImageVqVaeOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);
}
