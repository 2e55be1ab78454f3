using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>Rows drawn at random from a pool that is filled up from the source: the same order for the same seed as ML.NET's own.</summary>
internal sealed class ShuffledDataView : IDataView
{
    private readonly IDataView _input;
    private readonly int _seed;
    private readonly int _poolSize;
    private readonly bool _shuffleSource;

    public ShuffledDataView(IHostEnvironment env, IDataView input, int? seed, int poolSize, bool shuffleSource)
    {
        _input = ColumnStore.Storable(input);
        _seed = seed ?? env.Register("Shuffle").Rand.NextSigned();
        _poolSize = poolSize;
        _shuffleSource = shuffleSource;
    }

    public DataViewSchema Schema => _input.Schema;

    public bool CanShuffle => true;

    public long? GetRowCount() => _input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        rand ??= RandomUtils.Create(_seed);
        var input = _input.GetRowCursor(columnsNeeded, _shuffleSource ? RandomUtils.Create(rand) : null);
        return _poolSize == 1 ? input : new Cursor(input, _poolSize, rand);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    public static int[] Permutation(Random rand, int size)
    {
        var order = Enumerable.Range(0, size).ToArray();
        for (int i = 0; i < size; i++)
        {
            int other = i + rand.Next(size - i);
            (order[i], order[other]) = (order[other], order[i]);
        }
        return order;
    }

    private sealed class Cursor : StoredRowsCursor
    {
        private readonly DataViewRowCursor _input;
        private readonly Random _rand;
        private readonly Action<int>[] _recorders;
        private readonly ColumnStore _ids;
        // The pool, oldest row first, and the number whose row was served last and may be written over.
        private readonly List<int> _pool = new();
        private readonly int _poolSize;
        private int _free;

        public Cursor(DataViewRowCursor input, int poolSize, Random rand) : this(input, poolSize, rand,
            input.Schema.Select(column => input.IsColumnActive(column) ? ColumnStore.Create(column.Type) : null).ToArray()) { }

        private Cursor(DataViewRowCursor input, int poolSize, Random rand, ColumnStore[] stores)
            : base(input.Schema, column => stores[column])
        {
            _input = input;
            _poolSize = poolSize;
            _rand = rand;
            _ids = ColumnStore.Create(RowIdDataViewType.Instance);
            _recorders = stores.Zip(input.Schema).Where(pair => pair.First != null).Select(pair => pair.First.Recorder(input, pair.Second))
                .Append(_ids.Recorder(new IdRow(input), default)).ToArray();
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ValueGetter<DataViewRowId>)_ids.Getter(() => Number);

        private protected override int Next()
        {
            while (_pool.Count < _poolSize && _input.MoveNext())
            {
                foreach (var record in _recorders)
                    record(_free);
                _pool.Add(_free);
                // While the pool fills for the first time every row gets a number of its own, one more than the pool holds.
                _free = _pool.Count;
            }
            if (_pool.Count == 0)
                return -1;
            int drawn = _rand.Next(_pool.Count);
            int number = _pool[drawn];
            _pool[drawn] = _pool[0];
            _pool.RemoveAt(0);
            _free = number;
            return number;
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (disposing)
                _input.Dispose();
        }

        /// <summary>Serves the id of a row as if it were a column.</summary>
        private sealed class IdRow(DataViewRow input) : WrappingRow(input)
        {
            public override DataViewSchema Schema => Input.Schema;

            public override bool IsColumnActive(DataViewSchema.Column column) => true;

            public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
                (ValueGetter<TValue>)(Delegate)Input.GetIdGetter();
        }
    }
}
