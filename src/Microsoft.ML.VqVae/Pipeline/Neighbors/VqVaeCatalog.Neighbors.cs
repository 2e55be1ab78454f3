using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Retrieval by codes and embeddings.
public sealed partial class VqVaeCatalog
{
    /// <summary>Keeps the rows of a column, and adds the nearest of them to each row: for codes by the number of codes that differ, for numbers
    /// such as embeddings by Euclidean distance.</summary>
    /// <param name="outputColumnName">The column to add: Vector&lt;Int64, k&gt;, the positions of the nearest training rows, from 0, the
    /// nearest first.</param>
    /// <param name="inputColumnName">The column to compare: a vector of known size, of keys, such as the codes of EncodeImages, or of
    /// Single.</param>
    /// <param name="neighbors">k: number of rows to find.</param>
    /// <param name="distancesColumnName">A column to add for the distances, Vector&lt;Single, k&gt;; null, the default, for none.</param>
    /// <returns>The estimator; <see cref="NearestRowsEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A name is empty or used twice, or <paramref name="neighbors"/> is below 1.</exception>
    /// <example>
    /// <code>
    /// IDataView similar = ml.Transforms.VqVae.NearestRows("Similar", "Codes", neighbors: 3).Fit(gallery).Transform(queries);
    /// </code>
    /// </example>
    public NearestRowsEstimator NearestRows(
        string outputColumnName, string inputColumnName, int neighbors = 5, string? distancesColumnName = null) =>
        new(outputColumnName, inputColumnName, neighbors, distancesColumnName);
}
