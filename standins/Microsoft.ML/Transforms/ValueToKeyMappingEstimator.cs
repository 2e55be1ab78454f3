using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Numbers the values of a column, in the order of their first occurrence or of their size.</summary>
public sealed class ValueToKeyMappingEstimator : IEstimator<ValueToKeyMappingTransformer>
{
    private readonly IHost _host;
    private readonly (string outputColumnName, string inputColumnName)[] _columns;
    private readonly int _maximumNumberOfKeys;
    private readonly KeyOrdinality _keyOrdinality;
    private readonly bool _valuesAsText;
    private readonly IDataView _keyData;

    internal ValueToKeyMappingEstimator(IHostEnvironment env, (string outputColumnName, string inputColumnName)[] columns,
        int maximumNumberOfKeys, KeyOrdinality keyOrdinality, bool addKeyValueAnnotationsAsText, IDataView keyData)
    {
        _host = env.Register(nameof(ValueToKeyMappingEstimator));
        _host.CheckNonEmpty(columns, nameof(columns));
        if (keyData != null && keyData.Schema.Count != 1)
        {
            throw _host.ExceptParam(nameof(keyData), "If specified, this data view should contain only a single column containing the terms " +
                $"to map, but this had {keyData.Schema.Count} columns.");
        }
        _host.CheckUserArg(maximumNumberOfKeys > 0, nameof(maximumNumberOfKeys), "Must be positive");
        _columns = columns;
        _maximumNumberOfKeys = maximumNumberOfKeys;
        _keyOrdinality = keyOrdinality;
        _valuesAsText = addKeyValueAnnotationsAsText;
        _keyData = keyData;
    }

    public ValueToKeyMappingTransformer Fit(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        var maps = Array.ConvertAll(_columns, pair =>
        {
            var column = input.Schema.GetColumnOrNull(pair.inputColumnName) ??
                throw _host.ExceptSchemaMismatch(nameof(input), "input", pair.inputColumnName);
            var itemType = column.Type.GetItemType();
            if (itemType is not KeyDataViewType && !itemType.IsStandardScalar())
                throw _host.ExceptSchemaMismatch(nameof(input), "input", column.Name, "a primitive type", column.Type.ToString());
            if (_keyData != null && !_keyData.Schema[0].Type.GetItemType().Equals(itemType))
            {
                throw _host.ExceptParam("keyData", $"Terms from input data type '{_keyData.Schema[0].Type}' but mismatches column " +
                    $"'{pair.outputColumnName}' item type '{itemType}'");
            }
            return _keyData == null
                ? ValueMap.Learn(input, column, _maximumNumberOfKeys, _keyOrdinality)
                : ValueMap.Learn(_keyData, _keyData.Schema[0], int.MaxValue, _keyOrdinality);
        });
        return new ValueToKeyMappingTransformer(_host, _columns, maps, _valuesAsText);
    }

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(_columns.Select(pair =>
        {
            var input = inputSchema.Find(_host, pair.inputColumnName);
            if (!input.ItemType.IsStandardScalar())
                throw _host.ExceptSchemaMismatch(nameof(inputSchema), "input", input.Name);
            // Keys keep the values that they stand for, where they have some.
            if (!input.IsKey || !input.Annotations.TryFindColumn(AnnotationUtils.Kinds.KeyValues, out var values) || values.Kind != SchemaShape.Column.VectorKind.Vector)
            {
                var valueType = _valuesAsText ? TextDataViewType.Instance : input.ItemType;
                values = new SchemaShape.Column(AnnotationUtils.Kinds.KeyValues, SchemaShape.Column.VectorKind.Vector, valueType, input.IsKey && !_valuesAsText);
            }
            SchemaShape.Column[] annotations = input.Annotations.TryFindColumn(AnnotationUtils.Kinds.SlotNames, out var names) ? [names, values] : [values];
            return new SchemaShape.Column(pair.outputColumnName, input.Kind, NumberDataViewType.UInt32, true, new SchemaShape(annotations));
        }));
    }

    public enum KeyOrdinality : byte
    {
        ByOccurrence = 0,
        ByValue = 1,
    }
}
