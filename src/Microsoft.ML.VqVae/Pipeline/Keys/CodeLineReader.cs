using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Reads codes in a line, of as many codes a row as there are: the codes [rows, longest], 0 beyond the end of a row, and how many
/// codes each row has [rows].</summary>
internal sealed class CodeLineReader(CodesWanted wanted, DataViewRow row, DataViewSchema.Column column, int capacity) : RowReader
{
    readonly CodeGetter _getter = new(wanted, row, column);
    readonly long[][] _rows = [.. Enumerable.Repeat<long[]>([], capacity)];
    readonly long[] _lengths = new long[capacity];

    public override void Read(int slot)
    {
        ReadOnlySpan<long> codes = _getter.Read();
        if (_rows[slot].Length < codes.Length)
            _rows[slot] = new long[codes.Length];
        codes.CopyTo(_rows[slot]);
        _lengths[slot] = codes.Length;
    }

    public override IReadOnlyList<Tensor> ToTensors(int count)
    {
        int longest = (int)_lengths.Take(count).Max();
        long[] block = new long[checked(count * longest)];
        for (int slot = 0; slot < count; slot++)
            _rows[slot].AsSpan(0, (int)_lengths[slot]).CopyTo(block.AsSpan(slot * longest));
        return
        [
            ToTensor<long>(block, ScalarType.Int64, count, longest),
            ToTensor<long>(_lengths.AsSpan(0, count), ScalarType.Int64, count),
        ];
    }
}
