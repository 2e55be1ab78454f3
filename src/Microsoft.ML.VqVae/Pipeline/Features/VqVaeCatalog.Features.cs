using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Features for classifiers.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a transformer on rows of codes without labels, and adds its features, using the defaults of <see cref="FeatureOptions"/>
    /// (CPU-sized network and schedule) unless overridden.
    /// </summary>
    /// <param name="outputColumnName">The column to add: a vector of Single.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys, such as the output of EncodeImages.</param>
    /// <param name="inputColumnName">The column that the network reads instead of codes, such as the encoder outputs of EncodeImages; null,
    /// the default, to read the codes.</param>
    /// <param name="steps">Number of training steps; null, the default, for 1,500.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="FeatureEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
    /// <example>
    /// <code>
    /// var features = ml.Transforms.VqVae.Featurize("Features", "Codes").Fit(codec.Transform(unlabeled));
    /// IDataView rows = features.Transform(codec.Transform(labeled));
    /// </code>
    /// </example>
    public FeatureEstimator Featurize(
        string outputColumnName, string codesColumnName, string? inputColumnName = null, int? steps = null, int? seed = null)
    {
        var options = new FeatureOptions { InputColumnName = inputColumnName };
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return Featurize(outputColumnName, codesColumnName, options);
    }

    /// <summary>Trains a transformer on rows of codes without labels, and adds its features, with full control over the
    /// settings.</summary>
    /// <param name="outputColumnName">The column to add: a vector of Single.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys, such as the output of EncodeImages.</param>
    /// <param name="options">The settings: new options, which have the defaults of the method without options.</param>
    /// <returns>The estimator; <see cref="FeatureEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public FeatureEstimator Featurize(string outputColumnName, string codesColumnName, FeatureOptions options) =>
        new(_environment, outputColumnName, codesColumnName, options);

    /// <summary>
    /// Trains a convolutional network on images without labels, and adds its features, using the defaults of
    /// <see cref="ImageFeatureOptions"/> (CPU-sized network and schedule) unless overridden.
    /// </summary>
    /// <param name="outputColumnName">The column to add: a vector of Single.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, such as the output of ExtractPixels, or
    /// MLImage. Null, the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="codesColumnName">The column of the codes of the images, which are predicted in training; null, the default, for
    /// none.</param>
    /// <param name="steps">Number of training steps; null, the default, for 1,000.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="ImageFeatureEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
    /// <example>
    /// <code>
    /// var features = ml.Transforms.VqVae.FeaturizeImages("Features", "Pixels").Fit(unlabeled);
    /// IDataView rows = features.Transform(labeled);
    /// </code>
    /// </example>
    public ImageFeatureEstimator FeaturizeImages(
        string outputColumnName, string? inputColumnName = null, string? codesColumnName = null, int? steps = null, int? seed = null)
    {
        var options = new ImageFeatureOptions { CodesColumnName = codesColumnName };
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return FeaturizeImages(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a convolutional network on images without labels, and adds its features, with full control over the
    /// settings.</summary>
    /// <param name="outputColumnName">The column to add: a vector of Single.</param>
    /// <param name="inputColumnName">The column of images: a Vector&lt;Single&gt; of known size, such as the output of ExtractPixels, or
    /// MLImage. Null for <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings: new options, which have the defaults of the method without options.</param>
    /// <returns>The estimator; <see cref="ImageFeatureEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public ImageFeatureEstimator FeaturizeImages(string outputColumnName, string? inputColumnName, ImageFeatureOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);
}
