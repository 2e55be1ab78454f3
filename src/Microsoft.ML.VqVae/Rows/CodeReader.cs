using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Rows;

/// <summary>Reads key vectors as code indices: keys count from 1, indices from 0.</summary>
internal sealed class CodeReader : RowReader
{
    readonly DataViewRow _row;
    readonly string _column;
    readonly int _codes;
    readonly (int Height, int Width, int PerPosition) _grid;
    readonly int _length;
    readonly long[] _block;
    readonly ValueGetter<VBuffer<uint>> _getter;
    VBuffer<uint> _keys;

    public CodeReader((int Height, int Width, int PerPosition) grid, int codes, DataViewRow row, DataViewSchema.Column column, int capacity)
    {
        (_grid, _codes, _row, _column) = (grid, codes, row, column.Name);
        _length = grid.Height * grid.Width * grid.PerPosition;
        _block = new long[checked(capacity * _length)];
        _getter = row.GetGetter<VBuffer<uint>>(column);
    }

    public override void Read(int slot)
    {
        _getter(ref _keys);
        if (_keys.Length != _length)
            throw Bad($"has {_keys.Length} codes; expected are {_length}");
        Span<long> indices = _block.AsSpan(slot * _length, _length);
        if (!_keys.IsDense)
        {
            // What a sparse vector leaves out is 0, a missing key.
            int missing = 0;
            foreach (int index in _keys.GetIndices())
                missing += index == missing ? 1 : 0;
            throw Bad($"has no code in slot {missing} (a missing key); a picture needs all {_length} codes");
        }
        ReadOnlySpan<uint> keys = _keys.GetValues();
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] == 0)
                throw Bad($"has no code in slot {i} (a missing key); a picture needs all {_length} codes");
            if (keys[i] > _codes)
                throw Bad($"has the key {keys[i]} in slot {i}; expected are keys from 1 to {_codes}");
            indices[i] = keys[i] - 1L;
        }
    }

    public override IReadOnlyList<Tensor> ToTensors(int count) => [ToTensor<long>(
        _block.AsSpan(0, count * _length), ScalarType.Int64, count, _grid.Height, _grid.Width, _grid.PerPosition)];

    InvalidOperationException Bad(string what) => new($"Row {_row.Position} of codes column '{_column}' {what}.");
}
