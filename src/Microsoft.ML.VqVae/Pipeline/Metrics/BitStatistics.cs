using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The mean of a column of bits.</summary>
internal sealed class BitStatistics
{
    readonly DataViewSchema.Column _column;
    readonly string _role;
    DataViewRow? _row;
    ValueGetter<float>? _getter;
    double _sum;
    long _rows;

    BitStatistics(DataViewSchema.Column column, string role) => (_column, _role) = (column, role);

    public double Mean => _sum / _rows;

    /// <summary>Finds the column; null where none is named.</summary>
    public static BitStatistics? For(DataViewSchema schema, string role, string? name)
    {
        if (name is null)
            return null;
        DataViewSchema.Column column = schema.GetColumnOrNull(name) ?? throw new ArgumentException(
            $"The {role} column '{name}' is not in the data view, which has {string.Join(", ", schema.Select(other => $"'{other.Name}'"))}. "
            + "Name one of these, or null for none.");
        return column.Type == NumberDataViewType.Single ? new BitStatistics(column, role)
            : throw new ArgumentException($"The {role} column '{name}' has the type {column.Type}; expected is Single.");
    }

    public static IEnumerable<DataViewSchema.Column> Columns(params IEnumerable<BitStatistics?> statistics) =>
        statistics.OfType<BitStatistics>().Select(one => one._column);

    public void Bind(DataViewRow row) => (_row, _getter) = (row, row.GetGetter<float>(_column));

    /// <summary>Adds the current row.</summary>
    public void Add()
    {
        float bits = 0;
        _getter!(ref bits);
        if (!float.IsFinite(bits))
            throw new InvalidOperationException($"Row {_row!.Position} of the {_role} column '{_column.Name}' holds {bits}, no finite number.");
        _sum += bits;
        _rows++;
    }
}
