using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Rows of codes, for the classifiers of section 4.3 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>Expands each utterance into a row per code, with the code, its neighboring codes, and the label at its center.</summary>
    /// <param name="outputColumnName">The column of the code to add: Key&lt;UInt32, K&gt;.</param>
    /// <param name="codesColumnName">The column of the codes of an utterance, Vector&lt;Key&lt;UInt32, K&gt;&gt;; null for
    /// <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The other columns, and the time of a code; null, the default, for a "Window" with three codes on each side,
    /// and no labels.</param>
    /// <returns>The estimator; <see cref="ExpandFramesEstimator"/> documents its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">Some settings are invalid; the message lists all of them.</exception>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new() { SamplesPerCode = 640, LabelColumnName = "Phone" })
    ///     .Append(ml.Transforms.Conversion.MapValueToKey("Label", "Phone"))
    ///     .Append(ml.MulticlassClassification.Trainers.CodeLabelMap());
    /// </code>
    /// </example>
    public ExpandFramesEstimator ExpandFrames(
        string outputColumnName, string? codesColumnName = null, ExpandFramesOptions? options = null) =>
        new(outputColumnName, codesColumnName, options);
}

/// <summary>Extends ML.NET's catalog of multiclass classification by the trainers of this library.</summary>
public static class VqVaeTrainersCatalogExtensions
{
    extension(MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog)
    {
        /// <summary>Maps each code to its most frequent label in the training data, which measures the phonetic content of codes (section
        /// 4.3 of arXiv 1711.00937).</summary>
        /// <param name="labelColumnName">The column of labels: a UInt32 key.</param>
        /// <param name="codeColumnName">The column of codes: a UInt32 key, such as the output of
        /// <see cref="VqVaeCatalog.ExpandFrames"/>.</param>
        /// <returns>The trainer; <see cref="CodeLabelMapTrainer"/> documents its columns and characteristics.</returns>
        /// <exception cref="ArgumentException">A column name is empty.</exception>
        public CodeLabelMapTrainer CodeLabelMap(string labelColumnName = "Label", string codeColumnName = "Code")
        {
            ArgumentNullException.ThrowIfNull(catalog);
            return new(labelColumnName, codeColumnName);
        }
    }
}
