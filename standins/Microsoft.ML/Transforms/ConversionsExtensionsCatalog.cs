using Microsoft.ML.Data;
using Microsoft.ML.Transforms;

namespace Microsoft.ML;

/// <summary>The transforms between values, keys and indicator vectors.</summary>
public static class ConversionsExtensionsCatalog
{
    public static KeyToValueMappingEstimator MapKeyToValue(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName,
        string inputColumnName = null) =>
        new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName);

    public static KeyToVectorMappingEstimator MapKeyToVector(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName,
        string inputColumnName = null, bool outputCountVector = false) => outputCountVector
        ? throw new NotSupportedException("The stand-in for ML.NET maps keys to indicators, not to counts.")
        : new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName);

    public static ValueToKeyMappingEstimator MapValueToKey(this TransformsCatalog.ConversionTransforms catalog, string outputColumnName,
        string inputColumnName = null, int maximumNumberOfKeys = 1000000,
        ValueToKeyMappingEstimator.KeyOrdinality keyOrdinality = ValueToKeyMappingEstimator.KeyOrdinality.ByOccurrence,
        bool addKeyValueAnnotationsAsText = false, IDataView keyData = null)
    {
        if (keyOrdinality != ValueToKeyMappingEstimator.KeyOrdinality.ByOccurrence || addKeyValueAnnotationsAsText || keyData != null)
            throw new NotSupportedException("The stand-in for ML.NET numbers values as they occur in the data, and keeps them so.");
        return new(catalog.GetEnvironment(), outputColumnName, inputColumnName ?? outputColumnName, maximumNumberOfKeys);
    }
}
