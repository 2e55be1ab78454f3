namespace Microsoft.ML.Data;

/// <summary>The first rows of a view, or, with a test made for each cursor and called once a row, those of them that pass it.</summary>
internal sealed class SomeRowsDataView(IDataView input, long count, Func<Func<bool>> makeTest = null) : IDataView
{
    /// <summary>
    /// Gives every row a number in [0, 1), those of ML.NET's own generator, so that a seed splits as it does there, and keeps the rows
    /// whose number passes the test.
    /// </summary>
    public static IDataView Split(IDataView data, uint seed, Func<double, bool> test) => new SomeRowsDataView(data, long.MaxValue, () =>
    {
        var random = new TauswortheHybrid(seed);
        return () => test(random.NextSingle());
    });

    public DataViewSchema Schema => input.Schema;

    // Which rows these are depends on their places in the input.
    public bool CanShuffle => false;

    public long? GetRowCount() => makeTest == null && input.GetRowCount() is { } rows ? Math.Min(rows, count) : null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null) =>
        new Cursor(input.GetRowCursor(columnsNeeded), count, makeTest?.Invoke());

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded)];

    private sealed class Cursor(DataViewRowCursor input, long count, Func<bool> test) : DataViewRowCursor
    {
        private long _position = -1;
        private bool _finished;

        public override DataViewSchema Schema => input.Schema;

        public override long Position => _position;

        public override long Batch => 0;

        public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) => input.GetGetter<TValue>(column);

        public override bool MoveNext()
        {
            while (!_finished && _position + 1 < count && input.MoveNext())
            {
                if (test != null && !test())
                    continue;
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
