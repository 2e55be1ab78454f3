using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>The classifier of all samples: logistic regression of stock ML.NET parts on the column Features.</summary>
internal static class LinearClassifier
{
    /// <summary>A pipeline from Features and a column of names to PredictedLabel, a name.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="labelColumn">The column with the name of each row's class.</param>
    /// <param name="l2">The L2 penalty. ML.NET adds it to the sum over the rows, not to their mean.</param>
    /// <param name="tolerance">The tolerance at which the optimization stops.</param>
    public static EstimatorChain<KeyToValueMappingTransformer> Create(MLContext ml, string labelColumn, double l2, float tolerance) =>
        ml.Transforms.Conversion.MapValueToKey("Label", labelColumn)
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy(
                l1Regularization: 0, l2Regularization: (float)l2, optimizationTolerance: tolerance))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
}
