using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>Columns computed row by row for single rows, which is what a PredictionEngine asks for.</summary>
internal sealed class RowByRowMapper(DataViewSchema inputSchema, IRowMapping mapping) : IRowToRowMapper
{
    readonly AddedColumns _columns = mapping.Bind(inputSchema);

    public DataViewSchema InputSchema => _columns.InputSchema;

    /// <summary>Rows carry this very instance: chains of mappers compare schemas by reference.</summary>
    public DataViewSchema OutputSchema => _columns.OutputSchema;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        _columns.Dependencies(_columns.Active(dependingColumns));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Schema != InputSchema)
        {
            throw new ArgumentException(
                $"The row's schema ({input.Schema}) is not the one that the mapper was made for ({InputSchema}).", nameof(input));
        }
        return new Row(_columns, mapping, input, _columns.Active(activeColumns));
    }

    /// <summary>The getters of the added columns; null for those that nobody asks for.</summary>
    public static Delegate?[] Getters(AddedColumns columns, IRowMapping mapping, DataViewRow row, bool[] active) =>
        [.. Enumerable.Range(0, active.Length - columns.InputSchema.Count)
            .Select(output => active[columns.InputSchema.Count + output] ? mapping.CreateGetter(row, columns, output) : null)];

    public static ValueGetter<TValue> Getter<TValue>(
        AddedColumns columns, DataViewRow row, bool[] active, Delegate?[] getters, DataViewSchema.Column column)
    {
        if (!active[column.Index])
            throw new InvalidOperationException($"Column '{column.Name}' is not active here: it was not among the columns asked for.");
        return columns.IsPassedThrough(column.Index)
            ? row.GetGetter<TValue>(columns.InputSchema[column.Index])
            : columns.Typed<TValue>(getters[columns.OutputOf(column.Index)]!, column);
    }

    sealed class Row : DataViewRow
    {
        readonly AddedColumns _columns;
        readonly DataViewRow _input;
        readonly bool[] _active;
        readonly Delegate?[] _getters;

        public Row(AddedColumns columns, IRowMapping mapping, DataViewRow input, bool[] active)
        {
            (_columns, _input, _active) = (columns, input, active);
            _getters = Getters(columns, mapping, input, active);
        }

        public override DataViewSchema Schema => _columns.OutputSchema;

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            RowByRowMapper.Getter<TValue>(_columns, _input, _active, _getters, column);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _input.Dispose();
            base.Dispose(disposing);
        }
    }
}
