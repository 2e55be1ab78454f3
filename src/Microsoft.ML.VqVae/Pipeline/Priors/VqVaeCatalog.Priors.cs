using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Priors over codes, section 3.3 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a prior over codes and adds −log2 p of the codes of each row, using the defaults of <see cref="PriorOptions"/> (CPU-sized
    /// networks and schedule) unless overridden. See section 3.3 of arXiv 1711.00937.
    /// </summary>
    /// <param name="outputColumnName">The column to add: a Single, −log2 p of the codes of the row in bits.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys, such as the output of EncodeImages.</param>
    /// <param name="conditionColumnName">The column that the codes are conditioned on, a key such as the class or the speaker; null, the
    /// default, for none.</param>
    /// <param name="steps">Number of training steps; null, the default, for 1,000.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="PriorEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
    /// <example>
    /// <code>
    /// var prior = ml.Transforms.VqVae.Prior("Bits", "Codes", "Label").Fit(codec.Transform(images));
    /// IDataView sneakers = codec.Decoder("Pixels").Transform(prior.Sample(ml, 16, "Sneaker"));
    /// </code>
    /// </example>
    public PriorEstimator Prior(
        string outputColumnName, string codesColumnName, string? conditionColumnName = null, int? steps = null, int? seed = null)
    {
        var options = new PriorOptions();
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return Prior(outputColumnName, codesColumnName, conditionColumnName, options);
    }

    /// <summary>Trains a prior over codes and adds −log2 p of the codes of each row, with full control over the settings.</summary>
    /// <param name="outputColumnName">The column to add: a Single, −log2 p of the codes of the row in bits.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys, such as the output of EncodeImages.</param>
    /// <param name="conditionColumnName">The column that the codes are conditioned on, a key such as the class or the speaker; null for
    /// none.</param>
    /// <param name="options">The settings: new options, which have the defaults of the method without options, or
    /// <see cref="PriorOptions.Large"/>.</param>
    /// <returns>The estimator; <see cref="PriorEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public PriorEstimator Prior(string outputColumnName, string codesColumnName, string? conditionColumnName, PriorOptions options) =>
        new(_environment, outputColumnName, codesColumnName, conditionColumnName, options);
}
