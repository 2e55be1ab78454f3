using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>Base class of the transformers without a network, whose columns are computed row by row when they are requested.</summary>
/// <remarks>These transformers are thread-safe.</remarks>
public abstract class RowByRowTransformer : ITransformer
{
    readonly IRowMapping _mapping;

    private protected RowByRowTransformer(IRowMapping mapping) => _mapping = mapping;

    bool ITransformer.IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or has an unsuitable type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return _mapping.Bind(inputSchema).OutputSchema;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or has an unsuitable type.</exception>
    /// <remarks>Values are computed when a cursor requests them.</remarks>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new RowByRowView(input, this, _mapping);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapper.Create(inputSchema, _mapping);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => Save(ctx);

    private protected abstract void Save(ModelSaveContext context);
}
