using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Rows;

/// <summary>A data view that gives chosen rows in a chosen order, which may depend on the cursor's random generator: filters, shuffles and
/// worse.</summary>
internal sealed class OrderedView : IDataView
{
    readonly Tiny.Row[] _rows;
    readonly Func<Random?, IEnumerable<int>> _order;

    public OrderedView(Tiny.Row[] rows, Func<Random?, IEnumerable<int>> order)
    {
        (_rows, _order) = (rows, order);
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Pixels", new VectorDataViewType(NumberDataViewType.Single, Tiny.Side * Tiny.Side));
        builder.AddColumn("Number", NumberDataViewType.Int32);
        Schema = builder.ToSchema();
    }

    /// <summary>Shuffled where a cursor brings a generator, as a view that can shuffle does it.</summary>
    public static OrderedView Shuffling(int count) => new(Tiny.Rows(count), random =>
    {
        int[] order = [.. Enumerable.Range(0, count)];
        random?.Shuffle(order);
        return order;
    });

    public DataViewSchema Schema { get; }

    public bool CanShuffle => true;

    public long? GetRowCount() => null;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(this, [.. columnsNeeded.Select(column => column.Index)], [.. _order(rand)]);

    // Rows are dealt out in turn, as ML.NET's own sets do.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        int[] columns = [.. columnsNeeded.Select(column => column.Index)], order = [.. _order(rand)];
        return [.. Enumerable.Range(0, n).Select(part => new Cursor(this, columns, [.. order.Where((_, i) => i % n == part)]))];
    }

    sealed class Cursor(OrderedView view, int[] columns, int[] order) : DataViewRowCursor
    {
        int _position = -1;

        public override DataViewSchema Schema => view.Schema;

        public override long Position => _position;

        public override long Batch => _position / 5;

        Tiny.Row Row => view._rows[order[_position]];

        public override bool MoveNext()
        {
            if (_position + 1 < order.Length)
            {
                _position++;
                return true;
            }
            _position = -1;
            return false;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => columns.Contains(column.Index);

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) =>
            id = new DataViewRowId((ulong)order[_position], 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            Delegate getter = column.Name == "Number"
                ? (ValueGetter<int>)((ref int value) => value = Row.Number)
                : (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
                    value = new VBuffer<float>(Row.Pixels.Length, [.. Row.Pixels]));
            return IsColumnActive(column) ? (ValueGetter<TValue>)getter
                : throw new InvalidOperationException($"'{column.Name}' is not active.");
        }
    }
}
