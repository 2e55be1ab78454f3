using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>How a transformer makes its columns from those of one row, for one input schema.</summary>
internal interface IRowMapper : ICanSaveModel
{
    DataViewSchema.DetachedColumn[] GetOutputColumns();

    /// <summary>The input columns that are needed for some of the output columns (numbered as in <see cref="GetOutputColumns"/>).</summary>
    Func<int, bool> GetDependencies(Func<int, bool> activeOutput);

    /// <summary>A getter for every active output column, null for the others.</summary>
    Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer);
}

/// <summary>The lazy view that a row mapper gives: only active columns are computed.</summary>
internal sealed class RowToRowMapperTransform : IDataView, IRowToRowMapper
{
    private readonly IHost _host;
    private readonly IRowMapper _mapper;
    private readonly ColumnBindings _bindings;

    public RowToRowMapperTransform(IHostEnvironment env, IDataView input, IRowMapper mapper)
    {
        _host = env.Register(nameof(RowToRowMapperTransform));
        Source = input;
        _mapper = mapper;
        _bindings = new ColumnBindings(input.Schema, mapper.GetOutputColumns());
    }

    public IDataView Source { get; }

    public DataViewSchema InputSchema => Source.Schema;

    public DataViewSchema OutputSchema => _bindings.Schema;

    public DataViewSchema Schema => _bindings.Schema;

    public bool CanShuffle => Source.CanShuffle;

    public static DataViewSchema GetOutputSchema(DataViewSchema inputSchema, IRowMapper mapper) =>
        new ColumnBindings(inputSchema, mapper.GetOutputColumns()).Schema;

    public long? GetRowCount() => Source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random rand = null)
    {
        var active = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema);
        return new Cursor(this, Source.GetRowCursor(Dependencies(active), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random rand = null)
    {
        var active = RowCursorUtils.FromColumnsToPredicate(columnsNeeded, OutputSchema);
        return Source.GetRowCursorSet(Dependencies(active), n, rand)
            .Select(input => (DataViewRowCursor)new Cursor(this, input, active)).ToArray();
    }

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        Dependencies(RowCursorUtils.FromColumnsToPredicate(dependingColumns, OutputSchema));

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        _host.CheckValue(input, nameof(input));
        _host.CheckValue(activeColumns, nameof(activeColumns));
        _host.Check(input.Schema == InputSchema, "Schema of input row must be the same as the schema the mapper is bound to");
        return new Row(this, input, RowCursorUtils.FromColumnsToPredicate(activeColumns, OutputSchema));
    }

    private List<DataViewSchema.Column> Dependencies(Func<int, bool> active)
    {
        var passedOn = _bindings.GetActiveInput(active);
        var needed = _mapper.GetDependencies(ActiveOutput(active));
        return InputSchema.Where(column => passedOn[column.Index] || needed(column.Index)).ToList();
    }

    private Func<int, bool> ActiveOutput(Func<int, bool> active) =>
        i => i >= 0 && i < _bindings.AddedColumnIndices.Count && active(_bindings.AddedColumnIndices[i]);

    private ValueGetter<TValue> GetGetter<TValue>(DataViewRow input, Delegate[] getters, DataViewSchema.Column column)
    {
        int index = _bindings.MapColumnIndex(out bool isSource, column.Index);
        if (isSource)
            return input.GetGetter<TValue>(InputSchema[index]);
        _host.Check(getters[index] != null, $"Column '{column.Name}' is not active");
        return RowCursorUtils.Typed<TValue>(getters[index]);
    }

    private sealed class Row : WrappingRow
    {
        private readonly RowToRowMapperTransform _parent;
        private readonly Delegate[] _getters;
        private readonly Action _disposer;

        public Row(RowToRowMapperTransform parent, DataViewRow input, Func<int, bool> active) : base(input)
        {
            _parent = parent;
            _getters = parent._mapper.CreateGetters(input, parent.ActiveOutput(active), out _disposer);
        }

        public override DataViewSchema Schema => _parent.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column)
        {
            int index = _parent._bindings.MapColumnIndex(out bool isSource, column.Index);
            return isSource ? Input.IsColumnActive(Input.Schema[index]) : _getters[index] != null;
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
            _parent.GetGetter<TValue>(Input, _getters, column);

        private protected override void DisposeCore(bool disposing)
        {
            if (disposing)
                _disposer?.Invoke();
        }
    }

    private sealed class Cursor : SynchronizedCursorBase
    {
        private readonly RowToRowMapperTransform _parent;
        private readonly Delegate[] _getters;
        private readonly Func<int, bool> _active;
        private Action _disposer;

        public Cursor(RowToRowMapperTransform parent, DataViewRowCursor input, Func<int, bool> active) : base(input)
        {
            _parent = parent;
            _active = active;
            _getters = parent._mapper.CreateGetters(input, parent.ActiveOutput(active), out _disposer);
        }

        public override DataViewSchema Schema => _parent.OutputSchema;

        public override bool IsColumnActive(DataViewSchema.Column column) => _active(column.Index);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            _parent._host.Check(IsColumnActive(column));
            return _parent.GetGetter<TValue>(Input, _getters, column);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                Interlocked.Exchange(ref _disposer, null)?.Invoke();
            base.Dispose(disposing);
        }
    }
}
