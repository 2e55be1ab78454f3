using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Anomalies: rows whose codes are unlikely under a prior.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a prior over the codes of normal rows and a threshold of their scores, and adds the columns Score and PredictedLabel, which
    /// <c>mlContext.AnomalyDetection.Evaluate</c> takes, using the defaults of <see cref="AnomalyDetectionOptions"/> unless overridden.
    /// </summary>
    /// <param name="codesColumnName">The column of codes: a vector of keys, such as the output of EncodeImages or EncodeSeries.</param>
    /// <param name="quantile">The share of the training rows whose scores are at or below the threshold; more than 0, at most 1.</param>
    /// <param name="steps">Number of training steps of the prior; null, the default, for 1,000.</param>
    /// <param name="seed">The seed of all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="AnomalyDetectionEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some arguments are invalid; the message lists all of them.</exception>
    /// <example>
    /// <code>
    /// var detector = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels").Append(ml.Transforms.VqVae.DetectAnomalies("Codes")).Fit(good);
    /// AnomalyDetectionMetrics metrics = ml.AnomalyDetection.Evaluate(detector.Transform(test));
    /// </code>
    /// </example>
    public AnomalyDetectionEstimator DetectAnomalies(
        string codesColumnName, double quantile = AnomalyDetectionOptions.DefaultQuantile, int? steps = null, int? seed = null)
    {
        var options = new AnomalyDetectionOptions { Quantile = quantile };
        options.Prior.Training.Steps = steps ?? options.Prior.Training.Steps;
        options.Prior.Training.Seed = seed;
        return DetectAnomalies(codesColumnName, options);
    }

    /// <summary>Trains a prior over the codes of normal rows, or takes a trained one, and adds scores, predictions and, on request, bits per
    /// code, heat maps and restored codes, with full control over the settings.</summary>
    /// <param name="codesColumnName">The column of codes: a vector of keys, such as the output of EncodeImages or EncodeSeries.</param>
    /// <param name="options">The settings: new options, which have the defaults of the method without options.</param>
    /// <returns>The estimator; <see cref="AnomalyDetectionEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    public AnomalyDetectionEstimator DetectAnomalies(string codesColumnName, AnomalyDetectionOptions options) =>
        new(_environment, codesColumnName, options);
}
