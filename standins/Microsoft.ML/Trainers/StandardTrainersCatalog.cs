using Microsoft.ML.Data;
using Microsoft.ML.Trainers;

namespace Microsoft.ML;

/// <summary>The trainers of the catalogs.</summary>
public static class StandardTrainersCatalog
{
    public static LbfgsMaximumEntropyMulticlassTrainer LbfgsMaximumEntropy(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, string labelColumnName = "Label",
        string featureColumnName = "Features", string exampleWeightColumnName = null, float l1Regularization = 1,
        float l2Regularization = 1,
        float optimizationTolerance = 1e-7f, int historySize = 20, bool enforceNonNegativity = false)
    {
        if (exampleWeightColumnName != null || enforceNonNegativity)
            throw new NotSupportedException("The stand-in for ML.NET trains without example weights, and with weights of either sign.");
        return new LbfgsMaximumEntropyMulticlassTrainer(catalog.GetEnvironment(), new LbfgsMaximumEntropyMulticlassTrainer.Options
        {
            LabelColumnName = labelColumnName,
            FeatureColumnName = featureColumnName,
            L1Regularization = l1Regularization,
            L2Regularization = l2Regularization,
            OptimizationTolerance = optimizationTolerance,
            HistorySize = historySize,
        });
    }
}
