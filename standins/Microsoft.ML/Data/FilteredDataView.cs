namespace Microsoft.ML.Data;

/// <summary>The rows of a view that pass a test.</summary>
internal sealed class FilteredDataView : IDataView
{
    private readonly IDataView _input;
    private readonly int[] _testedColumns;
    private readonly Func<DataViewRowCursor, Func<bool>> _makeTest;
    private readonly bool _inOrder;

    /// <param name="testedColumns">The columns that the test reads.</param>
    /// <param name="makeTest">Makes the test for a cursor; it is called once a row.</param>
    /// <param name="inOrder">Is the test one of the row's place in the source? Then the source is neither shuffled nor split.</param>
    public FilteredDataView(IDataView input, int[] testedColumns, Func<DataViewRowCursor, Func<bool>> makeTest, bool inOrder = false)
    {
        _input = input;
        _testedColumns = testedColumns;
        _makeTest = makeTest;
        _inOrder = inOrder;
    }

    public DataViewSchema Schema => _input.Schema;

    public bool CanShuffle => !_inOrder && _input.CanShuffle;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var active = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema);
        return new Cursor(_input.GetRowCursor(Needed(active), _inOrder ? null : rand), active, _makeTest);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var active = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, Schema);
        return _inOrder ? [GetRowCursor(columnsNeeded)] : _input.GetRowCursorSet(Needed(active), n, rand)
            .Select(input => (DataViewRowCursor)new Cursor(input, active, _makeTest)).ToArray();
    }

    private List<DataViewSchema.Column> Needed(Func<int, bool> active) =>
        Schema.Where(column => active(column.Index) || _testedColumns.Contains(column.Index)).ToList();

    private sealed class Cursor(DataViewRowCursor input, Func<int, bool> active, Func<DataViewRowCursor, Func<bool>> makeTest)
        : DataViewRowCursor
    {
        private readonly Func<bool> _test = makeTest(input);
        private long _position = -1;

        public override DataViewSchema Schema => input.Schema;

        public override long Position => _position;

        public override long Batch => input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column column) => active(column.Index);

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Runtime.Contracts.Check(IsColumnActive(column));
            return input.GetGetter<TValue>(column);
        }

        public override bool MoveNext()
        {
            while (input.MoveNext())
            {
                if (!_test())
                    continue;
                _position++;
                return true;
            }
            Dispose();
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            _position = -1;
            if (disposing)
                input.Dispose();
        }
    }
}

/// <summary>A stretch of a view.</summary>
internal sealed class SkipTakeDataView(IDataView input, long skip, long take) : IDataView
{
    public DataViewSchema Schema => input.Schema;

    public bool CanShuffle => false;

    public long? GetRowCount() => input.GetRowCount() is { } rows ? Math.Min(Math.Max(0, rows - skip), take) : null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(input.GetRowCursor(columnsNeeded), skip, take);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded)];

    private sealed class Cursor(DataViewRowCursor input, long skip, long take) : DataViewRowCursor
    {
        private long _position = -1;
        private bool _started;
        private bool _finished;

        public override DataViewSchema Schema => input.Schema;

        public override long Position => _position;

        public override long Batch => 0;

        public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => input.GetGetter<TValue>(column);

        public override bool MoveNext()
        {
            for (long i = 0; !_started && i < skip && !_finished; i++)
                _finished = !input.MoveNext();
            _started = true;
            if (!_finished && _position + 1 < take && input.MoveNext())
            {
                _position++;
                return true;
            }
            Dispose();
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            _finished = true;
            _position = -1;
            if (disposing)
                input.Dispose();
        }
    }
}
