using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Numeric time series.
public sealed partial class VqVaeCatalog
{
    /// <summary>
    /// Trains a VQ-VAE on a column of numeric time series and adds their discrete codes as keys, using the defaults of
    /// <see cref="SeriesVqVaeOptions"/> (CPU-sized network and schedule) unless overridden.
    /// </summary>
    /// <param name="outputColumnName">The column to add: a vector of Key&lt;UInt32, K&gt; with key values, of known size where that of the
    /// input is known.</param>
    /// <param name="inputColumnName">The column of series: a Vector&lt;Single&gt; of time steps of <paramref name="channels"/> values each,
    /// time step by time step. Null, the default, for <paramref name="outputColumnName"/>.</param>
    /// <param name="channels">C: the number of values at each time step.</param>
    /// <param name="reconstructionColumnName">A column to add for the decoded series; null, the default, for none.</param>
    /// <param name="reconstructionErrorColumnName">A column to add for the error of the reconstruction; null, the default, for
    /// none.</param>
    /// <param name="codes">K: the number of codes in the codebook.</param>
    /// <param name="downsamplings">How often the encoder halves the length: a code covers 2 to this power time steps.</param>
    /// <param name="steps">The length of training in steps; null, the default, for that of <see cref="SeriesVqVaeOptions"/>.</param>
    /// <param name="seed">Decides all randomness; null, the default, for the seed of the MLContext.</param>
    /// <returns>The estimator; <see cref="SeriesVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">An argument cannot work; the message lists all that cannot.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.VqVae.EncodeSeries("Codes", "Window", channels: 3, reconstructionErrorColumnName: "Error")
    ///     .Append(ml.Transforms.Conversion.MapKeyToVector("Features", "Codes"));
    /// </code>
    /// </example>
    public SeriesVqVaeEstimator EncodeSeries(
        string outputColumnName, string? inputColumnName = null, int channels = 1,
        string? reconstructionColumnName = null, string? reconstructionErrorColumnName = null, int codes = 64, int downsamplings = 3,
        int? steps = null, int? seed = null)
    {
        var options = new SeriesVqVaeOptions
        {
            ReconstructionColumnName = reconstructionColumnName, ReconstructionErrorColumnName = reconstructionErrorColumnName,
        };
        (options.Codec.Channels, options.Codec.Downsamplings, options.VectorQuantizer.Codes) = (channels, downsamplings, codes);
        (options.Training.Steps, options.Training.Seed) = (steps ?? options.Training.Steps, seed);
        return EncodeSeries(outputColumnName, inputColumnName, options);
    }

    /// <summary>Trains a VQ-VAE on a column of numeric time series and adds their discrete codes as keys, with full
    /// control over the settings.</summary>
    /// <param name="outputColumnName">The column to add: a vector of Key&lt;UInt32, K&gt; with key values, of known size where that of the
    /// input is known.</param>
    /// <param name="inputColumnName">The column of series: a Vector&lt;Single&gt; of time steps, time step by time step. Null for
    /// <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The settings.</param>
    /// <returns>The estimator; <see cref="SeriesVqVaeEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
    public SeriesVqVaeEstimator EncodeSeries(string outputColumnName, string? inputColumnName, SeriesVqVaeOptions options) =>
        new(_environment, outputColumnName, inputColumnName, options);
}
