namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>What stock ML.NET makes of the codes: each becomes a one-hot vector, and a linear classifier learns from these.</summary>
internal static class ImageClassifier
{
    public static IEstimator<ITransformer> Pipeline(MLContext ml, int rows, double strength) =>
        ml.Transforms.Conversion.MapValueToKey("Label", nameof(LabelledImage.Class))
            .Append(ml.Transforms.Conversion.MapKeyToVector("Features", "Codes"))
            // ML.NET adds the penalty to the sum over the rows, not to their mean.
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(
                l1Regularization: 0, l2Regularization: (float)(strength * rows), optimizationTolerance: 1e-4f))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

    /// <summary>The share of the most frequent class: what a classifier that sees nothing can reach.</summary>
    public static (IReadOnlyList<string> Classes, double Chance) Classes(MLContext ml, IDataView data)
    {
        var counts = ml.Data.CreateEnumerable<CodesOfImage>(data, reuseRowObject: true).CountBy(row => row.Class).ToDictionary();
        return ([.. counts.Keys.Order(StringComparer.Ordinal)], counts.Values.Max() / (double)counts.Values.Sum());
    }
}
