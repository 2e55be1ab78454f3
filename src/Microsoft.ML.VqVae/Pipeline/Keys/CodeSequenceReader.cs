using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Reads key vectors of any length as code indices: keys count from 1, indices from 0.</summary>
/// <remarks>The tensors: indices Int64 [B, N, G], 0 beyond the end of a row, and lengths Int64 [B] counted in positions of G
/// codes.</remarks>
internal sealed class CodeSequenceReader : RowReader
{
    readonly DataViewRow _row;
    readonly string _column;
    readonly int _codes;
    readonly int _perPosition;
    readonly long[][] _rows;
    readonly ValueGetter<VBuffer<uint>> _getter;
    VBuffer<uint> _keys;

    public CodeSequenceReader(int codes, int perPosition, DataViewRow row, DataViewSchema.Column column, int capacity)
    {
        (_codes, _perPosition, _row, _column) = (codes, perPosition, row, column.Name);
        _rows = new long[capacity][];
        _getter = row.GetGetter<VBuffer<uint>>(column);
    }

    public override void Read(int slot)
    {
        _getter(ref _keys);
        uint[] keys = new uint[_keys.Length];
        _keys.CopyTo(keys);
        if (keys.Length % _perPosition != 0)
            throw Bad($"has {keys.Length} codes; expected is a multiple of {_perPosition}, the codes of a position");
        long[] indices = new long[keys.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] == 0)
                throw Bad($"has no code in slot {i} (a missing key); the decoder needs all of them");
            if (keys[i] > _codes)
                throw Bad($"has the key {keys[i]} in slot {i}; expected are keys from 1 to {_codes}");
            indices[i] = keys[i] - 1L;
        }
        _rows[slot] = indices;
    }

    public override IReadOnlyList<Tensor> ToTensors(int count)
    {
        int longest = _rows.Take(count).Max(row => row.Length);
        long[] block = new long[count * longest];
        for (int row = 0; row < count; row++)
            _rows[row].CopyTo(block.AsSpan(row * longest));
        return
        [
            ToTensor<long>(block, ScalarType.Int64, count, longest / _perPosition, _perPosition),
            tensor(_rows.Take(count).Select(row => (long)row.Length / _perPosition).ToArray()),
        ];
    }

    InvalidOperationException Bad(string what) => new($"Row {_row.Position} of codes column '{_column}' {what}.");
}
