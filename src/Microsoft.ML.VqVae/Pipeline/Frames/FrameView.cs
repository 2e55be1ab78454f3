using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>A lazy view with a row per code of each utterance.</summary>
internal sealed class FrameView(IDataView source, ITransformer transformer, FrameColumns names)
    : OnnxView(source, transformer, new NoOnnxColumns("it makes several rows of one"))
{
    readonly FrameSchema _schema = FrameInput.Bind(names, source.Schema);

    public override DataViewSchema Schema => _schema.Columns.OutputSchema;

    // Unknown until every utterance is read.
    public override long? GetRowCount() => null;

    // Utterances may be shuffled; the codes of each stay together.
    public override DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        bool[] active = _schema.Columns.Active(columnsNeeded);
        return new FrameCursor(names, _schema, Source.GetRowCursor(Needed(active), rand), active);
    }

    public override DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        bool[] active = _schema.Columns.Active(columnsNeeded);
        return [.. Source.GetRowCursorSet(Needed(active), n, rand).Select(cursor => new FrameCursor(names, _schema, cursor, active))];
    }

    // The codes determine the number of rows, whichever columns are requested. Labels are read only for labels.
    List<DataViewSchema.Column> Needed(bool[] active)
    {
        bool labels = FrameCursor.IsLabelActive(names, _schema.Columns, active);
        return [.. _schema.Columns.InputSchema.Where(column => active[column.Index] || column.Index == _schema.Codes.Index
            || (labels && _schema.Columns.InputColumns.Any(read => read.Index == column.Index)))];
    }
}

/// <summary>A cursor over the codes of the current utterance of its source.</summary>
internal sealed class FrameCursor : DataViewRowCursor
{
    readonly FrameColumns _names;
    readonly AddedColumns _columns;
    readonly DataViewRowCursor _source;
    readonly bool[] _active;
    readonly string[] _added;
    readonly ValueGetter<VBuffer<uint>> _getCodes;
    readonly FrameLabels? _labels;
    readonly ulong _keys;
    VBuffer<uint> _buffer;
    uint[] _codes = [];
    int _count;
    int _code = -1;
    long _position = -1;
    bool _ended;

    public FrameCursor(FrameColumns names, FrameSchema schema, DataViewRowCursor source, bool[] active)
    {
        (_names, _columns, _source, _active) = (names, schema.Columns, source, active);
        _added = [.. names.Added.OfType<string>()];
        _getCodes = source.GetGetter<VBuffer<uint>>(schema.Codes);
        _keys = ((KeyDataViewType)((VectorDataViewType)schema.Codes.Type).ItemType).Count;
        if (schema.Labels is var (labels, starts, ends) && IsLabelActive(names, _columns, active))
            _labels = FrameLabels.Create(names, source, labels, starts, ends);
    }

    public static bool IsLabelActive(FrameColumns names, AddedColumns columns, bool[] active)
    {
        int output = Array.IndexOf([.. names.Added.OfType<string>()], names.Label);
        return names.Label is not null && active[columns.InputSchema.Count + output];
    }

    public override DataViewSchema Schema => _columns.OutputSchema;

    public override long Position => _position;

    public override long Batch => _source.Batch;

    public override bool MoveNext()
    {
        if (_ended)
            return false;
        _code++;
        while (_code >= _count)
        {
            if (!_source.MoveNext())
            {
                (_ended, _position) = (true, -1);
                return false;
            }
            _getCodes(ref _buffer);
            if (_codes.Length < _buffer.Length)
                _codes = new uint[_buffer.Length];
            _buffer.CopyTo(_codes);
            (_count, _code) = (_buffer.Length, 0);
            CheckLength();
            CheckKeys();
            for (int slot = 0; slot < _count; slot++)
                _codes[slot] = FrameKeys.Of(_names, _codes[slot], slot, _keys);
            _labels?.NextUtterance(_count);
        }
        _position++;
        return true;
    }

    // A code's place in its position decides what it stands for.
    void CheckLength()
    {
        if (_count % _names.CodesPerPosition != 0)
        {
            throw new InvalidOperationException(FormattableString.Invariant(
                $"Row {_source.Position} of codes column '{_names.Codes}' has {_count} codes; ")
                + FormattableString.Invariant($"expected is a multiple of {_names.CodesPerPosition}, CodesPerPosition."));
        }
    }

    // Consumers index tables by these keys.
    void CheckKeys()
    {
        int wrong = Array.FindIndex(_codes, 0, _count, key => key > _keys);
        if (wrong >= 0)
        {
            throw new InvalidOperationException(FormattableString.Invariant(
                $"Row {_source.Position} of codes column '{_names.Codes}' has the key {_codes[wrong]} in slot {wrong}; ")
                + FormattableString.Invariant($"expected are keys from 1 to {_keys}, or 0 for a missing one."));
        }
    }

    int Current() => _position >= 0 ? _code : throw new InvalidOperationException(
        "A value was requested before the first MoveNext of the cursor, or after the last.");

    public override bool IsColumnActive(DataViewSchema.Column column) => _active[column.Index];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        _columns.Getter<TValue>(column, _active, _source, output => Added(_added[output]));

    Delegate Added(string name)
    {
        if (name == _names.Code)
            return (ValueGetter<uint>)((ref uint value) => value = _codes[Current()]);
        if (name == _names.Window)
            return (ValueGetter<VBuffer<uint>>)GetWindow;
        return name == _names.Label
            ? _labels!.Getter(Current)
            : (ValueGetter<float>)((ref float value) => value = _names.Center(Current()));
    }

    void GetWindow(ref VBuffer<uint> value)
    {
        int first = (Current() / _names.CodesPerPosition - _names.Context) * _names.CodesPerPosition;
        VBufferEditor<uint> editor = VBufferEditor.Create(ref value, _names.WindowLength);
        for (int slot = 0; slot < editor.Values.Length; slot++)
        {
            int code = first + slot;
            editor.Values[slot] = code >= 0 && code < _count ? _codes[code] : 0;
        }
        value = editor.Commit();
    }

    public override ValueGetter<DataViewRowId> GetIdGetter()
    {
        ValueGetter<DataViewRowId> source = _source.GetIdGetter();
        return (ref DataViewRowId value) =>
        {
            int code = Current();
            source(ref value);
            value = value.Combine(new DataViewRowId((ulong)code, 0));
        };
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _source.Dispose();
        base.Dispose(disposing);
    }
}
