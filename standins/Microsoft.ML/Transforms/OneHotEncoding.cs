using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Values to keys, and these to indicator or count vectors.</summary>
public sealed class OneHotEncodingEstimator : IEstimator<OneHotEncodingTransformer>
{
    private readonly ValueToKeyMappingEstimator _toKeys;
    private readonly KeyToVectorMappingEstimator _toVectors;

    internal OneHotEncodingEstimator(IHostEnvironment env, ValueToKeyMappingEstimator toKeys, string[] names, OutputKind outputKind)
    {
        _toKeys = toKeys;
        _toVectors = outputKind switch
        {
            OutputKind.Key => null,
            OutputKind.Indicator or OutputKind.Bag =>
                new KeyToVectorMappingEstimator(env, outputKind == OutputKind.Bag, Array.ConvertAll(names, name => (name, name))),
            _ => throw new NotSupportedException($"The stand-in for ML.NET does not encode as {outputKind}."),
        };
    }

    public OneHotEncodingTransformer Fit(IDataView input) => new(_toVectors == null
        ? new TransformerChain<ITransformer>(_toKeys.Fit(input))
        : _toKeys.Append<ITransformer>(_toVectors).Fit(input));

    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        var keys = _toKeys.GetOutputSchema(inputSchema);
        return _toVectors?.GetOutputSchema(keys) ?? keys;
    }

    public enum OutputKind : byte
    {
        Bag = 1,
        Indicator = 2,
        Key = 3,
        Binary = 4,
    }
}

public sealed class OneHotEncodingTransformer : ITransformer
{
    private readonly ITransformer _chain;

    internal OneHotEncodingTransformer(TransformerChain<ITransformer> chain) => _chain = chain;

    bool ITransformer.IsRowToRowMapper => _chain.IsRowToRowMapper;

    void ICanSaveModel.Save(ModelSaveContext ctx) => _chain.Save(ctx);

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => _chain.GetOutputSchema(inputSchema);

    public IDataView Transform(IDataView input) => _chain.Transform(input);

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => _chain.GetRowToRowMapper(inputSchema);
}
