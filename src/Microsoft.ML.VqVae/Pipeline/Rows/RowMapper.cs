using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The model's columns for single rows, which is what a PredictionEngine asks for.</summary>
internal sealed class RowMapper(DataViewSchema inputSchema, IBatchMapping mapping) : IRowToRowMapper
{
    readonly AddedColumns _columns = new(inputSchema, mapping);

    public DataViewSchema InputSchema => _columns.InputSchema;

    /// <summary>Rows carry this very instance: chains of mappers compare schemas by reference.</summary>
    public DataViewSchema OutputSchema => _columns.OutputSchema;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        _columns.Dependencies(_columns.Active(dependingColumns));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Schema != InputSchema)
            throw new ArgumentException($"The row's schema ({input.Schema}) is not the one that the mapper was made for ({InputSchema}).",
                nameof(input));
        return new MappedRow(_columns, mapping, input, _columns.Active(activeColumns));
    }

    sealed class MappedRow : DataViewRow
    {
        readonly AddedColumns _columns;
        readonly DataViewRow _input;
        readonly bool[] _active;
        readonly BatchRunner? _runner;
        long _readPosition = -1;

        public MappedRow(AddedColumns columns, IBatchMapping mapping, DataViewRow input, bool[] active)
        {
            (_columns, _input, _active) = (columns, input, active);
            if (columns.AnyAdded(active))
                _runner = new BatchRunner(mapping, input, 1, output => active[columns.InputSchema.Count + output], ReadOnce);
        }

        public override DataViewSchema Schema => _columns.OutputSchema;

        public override long Position => _input.Position;

        public override long Batch => _input.Batch;

        public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

        public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            if (_columns.IsPassedThrough(column.Index))
                return _input.GetGetter<TValue>(_columns.InputSchema[column.Index]);
            return _runner is not null && IsColumnActive(column)
                ? _columns.Typed<TValue>(_runner.Getter(_columns.OutputOf(column.Index)), column)
                : throw new InvalidOperationException(
                    $"Column '{column.Name}' is not active in this row: it was not among the columns asked for.");
        }

        // However many columns are read from a row, the network runs once while the row stays where it is.
        int ReadOnce()
        {
            if (_input.Position < 0)
                throw new InvalidOperationException("A value was asked for before there was a row.");
            if (_input.Position != _readPosition)
            {
                _readPosition = -1;
                _runner!.Read(0);
                _runner.Begin(1);
                _readPosition = _input.Position;
            }
            return 0;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _input.Dispose();
            base.Dispose(disposing);
        }
    }
}
