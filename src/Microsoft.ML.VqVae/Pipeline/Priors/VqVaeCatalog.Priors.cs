using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Priors over codes, section 3.3 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a distribution over codes and adds the cost of each row's codes under it, using the <see cref="PriorOptions.Fast"/> preset
    /// unless overridden: networks and a schedule for a CPU.
    /// </summary>
    /// <param name="outputColumnName">The column to add: a Single, −log2 p of the row's codes in bits.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys, as EncodeImages makes it.</param>
    /// <param name="conditionColumnName">The column that the codes are conditioned on, a key such as the class or the speaker; null, the
    /// default, for none.</param>
    /// <param name="steps">Number of training steps; null, the default, for that of <see cref="PriorOptions.Fast"/>.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="PriorEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    /// <example>
    /// <code>
    /// var prior = ml.Transforms.VqVae.Prior("Bits", "Codes", "Label").Fit(codec.Transform(images));
    /// IDataView sneakers = codec.Decoder("Pixels").Transform(prior.Sample(ml, 16, "Sneaker"));
    /// </code>
    /// </example>
    public PriorEstimator Prior(
        string outputColumnName, string codesColumnName, string? conditionColumnName = null, int? steps = null, int? seed = null)
    {
        PriorOptions options = PriorOptions.Fast();
        options.Training.Steps = steps ?? options.Training.Steps;
        options.Training.Seed = seed;
        return Prior(outputColumnName, codesColumnName, conditionColumnName, options);
    }

    /// <summary>Trains a distribution over codes and adds the cost of each row's codes under it, with full control over the
    /// settings.</summary>
    /// <param name="outputColumnName">The column to add: a Single, −log2 p of the row's codes in bits.</param>
    /// <param name="codesColumnName">The column of codes: a vector of keys, as EncodeImages makes it.</param>
    /// <param name="conditionColumnName">The column that the codes are conditioned on, a key such as the class or the speaker; null for
    /// none.</param>
    /// <param name="options">The settings, for example <see cref="PriorOptions.Fast"/>.</param>
    /// <returns>The estimator; <see cref="PriorEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public PriorEstimator Prior(string outputColumnName, string codesColumnName, string? conditionColumnName, PriorOptions options) =>
        new(_environment, outputColumnName, codesColumnName, conditionColumnName, options);
}
