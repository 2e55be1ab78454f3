using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>What a column of codes holds, and what a row of it must hold.</summary>
/// <param name="Codes">K: keys are from 1 to this.</param>
/// <param name="Length">How many codes a row has; null where rows may be of any length.</param>
/// <param name="MissingAllowed">Whether a key may be missing, which is read as the code −1.</param>
internal sealed record CodesWanted(int Codes, int? Length, bool MissingAllowed = false);

/// <summary>Reads the codes of the row that a cursor stands on, and checks them: keys count from 1, codes from 0.</summary>
internal sealed class CodeGetter
{
    readonly CodesWanted _wanted;
    readonly DataViewRow _row;
    readonly string _column;
    readonly ValueGetter<VBuffer<uint>> _getter;
    VBuffer<uint> _keys;
    long[] _codes = [];

    public CodeGetter(CodesWanted wanted, DataViewRow row, DataViewSchema.Column column)
    {
        (_wanted, _row, _column) = (wanted, row, column.Name);
        _getter = row.GetGetter<VBuffer<uint>>(column);
    }

    /// <summary>The codes; good until the next call.</summary>
    public ReadOnlySpan<long> Read()
    {
        _getter(ref _keys);
        int length = _keys.Length;
        if (length != (_wanted.Length ?? length))
            throw Bad($"has {length} codes; expected are {_wanted.Length}");
        if (length == 0)
            throw Bad("has no codes");
        if (_codes.Length < length)
            _codes = new long[Math.Max(length, 2 * _codes.Length)];
        Span<long> codes = _codes.AsSpan(0, length);
        // What a sparse vector leaves out is 0, a missing key.
        codes.Fill(-1);
        ReadOnlySpan<uint> keys = _keys.GetValues();
        ReadOnlySpan<int> slots = _keys.IsDense ? default : _keys.GetIndices();
        for (int i = 0; i < keys.Length; i++)
        {
            int slot = _keys.IsDense ? i : slots[i];
            if (keys[i] > (uint)_wanted.Codes)
                throw Bad($"has the key {keys[i]} in slot {slot}; expected are keys from 1 to {_wanted.Codes}");
            codes[slot] = keys[i] - 1L;
        }
        if (!_wanted.MissingAllowed && codes.IndexOf(-1) is int missing and >= 0)
            throw Bad($"has no code in slot {missing} (a missing key); each of the {length} slots needs one");
        return codes;
    }

    InvalidOperationException Bad(string what) => new($"Row {_row.Position} of codes column '{_column}' {what}.");
}
