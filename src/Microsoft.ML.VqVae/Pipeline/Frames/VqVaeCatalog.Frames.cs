using Microsoft.ML.VqVae;

namespace Microsoft.ML;

// Rows of codes, for the classifiers of section 4.3 of the paper.
public sealed partial class VqVaeCatalog
{
    /// <summary>Makes a row of every code of an utterance: the code, the codes around it, and the label at its centre.</summary>
    /// <param name="outputColumnName">The column to add: the code, Key&lt;UInt32, K&gt;.</param>
    /// <param name="codesColumnName">The column of an utterance's codes, Vector&lt;Key&lt;UInt32, K&gt;&gt;; null for
    /// <paramref name="outputColumnName"/>.</param>
    /// <param name="options">The other columns, and the time of a code; null, the default, for the defaults: a "Window" of three codes on
    /// each side, and no labels.</param>
    /// <returns>The estimator; <see cref="ExpandFramesEstimator"/> has the tables of its columns and characteristics.</returns>
    /// <exception cref="ArgumentException">A setting cannot work; the message lists all that cannot.</exception>
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

/// <summary>Puts the trainers of this library into ML.NET's catalog of multiclass classification.</summary>
public static class VqVaeTrainersCatalogExtensions
{
    extension(MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog)
    {
        /// <summary>Maps every code to the label that it meets most often in training: how the paper measures what codes say about
        /// phonemes.</summary>
        /// <param name="labelColumnName">The column of labels: a UInt32 key.</param>
        /// <param name="codeColumnName">The column of codes: a UInt32 key, as <see cref="VqVaeCatalog.ExpandFrames"/> makes it.</param>
        /// <returns>The trainer; <see cref="CodeLabelMapTrainer"/> has the tables of its columns and characteristics.</returns>
        public CodeLabelMapTrainer CodeLabelMap(string labelColumnName = "Label", string codeColumnName = "Code")
        {
            ArgumentNullException.ThrowIfNull(catalog);
            return new(labelColumnName, codeColumnName);
        }
    }
}
