using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>A transformer of this library without a network: it adds columns that are computed row by row, when they are asked
/// for.</summary>
/// <remarks>It may be used from several threads.</remarks>
public abstract class RowByRowTransformer : ITransformer
{
    readonly IRowMapping _mapping;

    private protected RowByRowTransformer(IRowMapping mapping) => _mapping = mapping;

    bool ITransformer.IsRowToRowMapper => true;

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or is not of a type that is taken.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return _mapping.Bind(inputSchema).OutputSchema;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or is not of a type that is taken.</exception>
    /// <remarks>Nothing is computed before a cursor asks for it.</remarks>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new RowByRowView(input, _mapping);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return RowMapper.Create(inputSchema, _mapping);
    }

    void ICanSaveModel.Save(ModelSaveContext ctx) => Save(ctx);

    private protected abstract void Save(ModelSaveContext context);
}
