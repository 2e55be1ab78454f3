using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>Maps single rows, as a PredictionEngine requests them.</summary>
internal sealed class RowMapper : IRowToRowMapper
{
    readonly AddedColumns _columns;
    readonly Func<DataViewRow, bool[], Func<int, Delegate>> _createGetters;

    RowMapper(AddedColumns columns, Func<DataViewRow, bool[], Func<int, Delegate>> createGetters) =>
        (_columns, _createGetters) = (columns, createGetters);

    public DataViewSchema InputSchema => _columns.InputSchema;

    /// <summary>The schema of the rows, always this instance: chains of mappers compare schemas by reference.</summary>
    public DataViewSchema OutputSchema => _columns.OutputSchema;

    /// <summary>Creates a mapper whose columns are computed by a network, once per row.</summary>
    public static RowMapper Create(DataViewSchema inputSchema, IBatchMapping mapping)
    {
        var columns = new AddedColumns(inputSchema, mapping);
        return new RowMapper(columns, (row, active) => columns.AnyAdded(active) ? new SingleRow(mapping, row).Getter : NoGetter);
    }

    /// <summary>Creates a mapper whose columns are computed without a network.</summary>
    public static RowMapper Create(DataViewSchema inputSchema, IRowMapping mapping)
    {
        AddedColumns columns = mapping.Bind(inputSchema);
        return new RowMapper(columns, (row, active) => columns.CreateGetters(mapping, row, active));
    }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        _columns.Dependencies(_columns.Active(dependingColumns));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Schema != InputSchema)
        {
            throw new ArgumentException(
                $"The row's schema ({input.Schema}) is not the schema that the mapper was created for ({InputSchema}).", nameof(input));
        }
        bool[] active = _columns.Active(activeColumns);
        return new MappedRow(_columns, input, active, _createGetters(input, active));
    }

    static Delegate NoGetter(int output) => throw new InvalidOperationException("No added column is active.");

    /// <summary>A batch of one row: the network runs once while the row stays where it is, for all columns that are read.</summary>
    sealed class SingleRow
    {
        readonly DataViewRow _row;
        readonly BatchRunner _runner;
        long _readPosition = -1;

        public SingleRow(IBatchMapping mapping, DataViewRow row) =>
            (_row, _runner) = (row, new BatchRunner(mapping, row, capacity: 1, ReadOnce));

        public Delegate Getter(int output) => _runner.Getter(output);

        int ReadOnce()
        {
            if (_row.Position < 0)
                throw new InvalidOperationException("A value was requested before there was a row.");
            if (_row.Position != _readPosition)
            {
                _readPosition = -1;
                _runner.Read(0);
                _runner.Start(1);
                _readPosition = _row.Position;
            }
            return 0;
        }
    }

    sealed class MappedRow(AddedColumns columns, DataViewRow input, bool[] active, Func<int, Delegate> getters) : DataViewRow
    {
        public override DataViewSchema Schema => columns.OutputSchema;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            columns.Getter<TValue>(column, active, input, getters);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                input.Dispose();
            base.Dispose(disposing);
        }
    }
}
