using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The requirements for the rows of a column of codes.</summary>
/// <param name="Codes">K: the number of codes to choose from; keys are from 1 to K.</param>
/// <param name="Length">Number of codes in a row; null if rows may be of any length.</param>
/// <param name="MissingAllowed">Whether keys may be missing; a missing key is read as the code −1.</param>
/// <param name="EmptyAllowed">Whether rows may be empty.</param>
/// <param name="PerPosition">G: number of codes per position; the number of codes in a row is a multiple of it.</param>
/// <param name="CodeOfKey">The code of each key; null if keys from 1 are the codes from 0.</param>
internal sealed record CodeRequirements(
    int Codes, int? Length, bool MissingAllowed = false, bool EmptyAllowed = false, int PerPosition = 1, int[]? CodeOfKey = null)
{
    public int Keys => CodeOfKey?.Length ?? Codes;

    public int CodeOf(uint key) => key == 0 || CodeOfKey is null ? (int)key - 1 : CodeOfKey[key - 1];
}

/// <summary>Reads and checks the codes of the current row: keys are from 1, codes from 0.</summary>
internal sealed class CodeGetter
{
    readonly CodeRequirements _required;
    readonly DataViewRow _row;
    readonly string _column;
    readonly ValueGetter<VBuffer<uint>> _getter;
    VBuffer<uint> _keys;
    long[] _codes = [];

    public CodeGetter(CodeRequirements required, DataViewRow row, DataViewSchema.Column column)
    {
        (_required, _row, _column) = (required, row, column.Name);
        _getter = row.GetGetter<VBuffer<uint>>(column);
    }

    /// <summary>The codes of the current row, valid until the next call.</summary>
    public ReadOnlySpan<long> Read()
    {
        _getter(ref _keys);
        int length = _keys.Length;
        if (length != (_required.Length ?? length))
            throw Bad($"has {length} codes; expected are {_required.Length}");
        if (length % _required.PerPosition != 0)
            throw Bad($"has {length} codes; expected is a multiple of {_required.PerPosition}, the number of codes per position");
        if (length == 0 && !_required.EmptyAllowed)
            throw Bad("has no codes");
        if (_codes.Length < length)
            _codes = new long[Math.Max(length, 2 * _codes.Length)];
        Span<long> codes = _codes.AsSpan(0, length);
        // The values that a sparse vector leaves out are 0, missing keys.
        codes.Fill(-1);
        ReadOnlySpan<uint> keys = _keys.GetValues();
        ReadOnlySpan<int> slots = _keys.IsDense ? default : _keys.GetIndices();
        for (int i = 0; i < keys.Length; i++)
        {
            int slot = _keys.IsDense ? i : slots[i];
            if (keys[i] > (uint)_required.Keys)
                throw Bad($"has the key {keys[i]} in slot {slot}; expected are keys from 1 to {_required.Keys}");
            codes[slot] = _required.CodeOf(keys[i]);
        }
        if (!_required.MissingAllowed && codes.IndexOf(-1) is int missing and >= 0)
            throw Bad($"has no code in slot {missing} (a missing key); each of the {length} slots needs one");
        return codes;
    }

    InvalidOperationException Bad(string problem) => new($"Row {_row.Position} of codes column '{_column}' {problem}.");
}

/// <summary>Reads rows of codes of any length.</summary>
/// <remarks>The tensors: codes Int64 [rows, longest], 0 beyond the end of a row, and lengths Int64 [rows]. By position the codes are
/// [rows, N, G], and the lengths are numbers of positions.</remarks>
internal sealed class CodeReader(
    CodeRequirements required, DataViewRow row, DataViewSchema.Column column, int capacity, bool byPosition = false) : RowReader
{
    readonly CodeGetter _getter = new(required, row, column);
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
        Tensor codes = ToTensor<long>(block, ScalarType.Int64, count, longest);
        long[] lengths = [.. _lengths.Take(count).Select(length => length / required.PerPosition)];
        return
        [
            byPosition ? codes.view(count, longest / required.PerPosition, required.PerPosition) : codes,
            ToTensor<long>(lengths, ScalarType.Int64, count),
        ];
    }
}

/// <summary>The meaning of the keys of a column to a network that is conditioned on classes.</summary>
/// <param name="Classes">The class of each key from 1; −1 for a class that was not in the training data.</param>
/// <param name="Names">The name of each key.</param>
/// <param name="Known">The names of the classes of the training data, for messages.</param>
/// <param name="Role">The role of the column, for messages: "condition", "speaker".</param>
internal sealed record CategoryKeys(int[] Classes, IReadOnlyList<string> Names, string Known, string Role)
{
    /// <summary>The classes of keys in an ONNX graph: UInt32 [rows, 1] → Int64 [rows], −1 for missing keys and unknown classes.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="column">The name of their column.</param>
    /// <param name="required">Whether all keys of the column must be those of known classes.</param>
    /// <exception cref="NotSupportedException">A key of the column is not.</exception>
    public OnnxValue ToOnnx(OnnxValue keys, string column, bool required)
    {
        if (required && Array.IndexOf(Classes, -1) is int unknown and >= 0)
            throw new NotSupportedException($"the {Role} column '{column}' has '{Names[unknown]}', which no row of the training data had");
        long[] classes = [-1, .. Classes.Select(index => (long)index)];
        return keys.To<long>().RowsOf(keys.Graph.Constant(classes, classes.Length)).Reshape(-1);
    }
}

/// <summary>Reads and checks the class of the current row.</summary>
internal sealed class CategoryGetter
{
    readonly CategoryKeys _keys;
    readonly DataViewRow _row;
    readonly string _column;
    readonly ValueGetter<uint> _getter;

    public CategoryGetter(CategoryKeys keys, DataViewRow row, DataViewSchema.Column column)
    {
        (_keys, _row, _column) = (keys, row, column.Name);
        _getter = row.GetGetter<uint>(column);
    }

    public int Read()
    {
        uint key = 0;
        _getter(ref key);
        if (key == 0)
            throw Bad("has no value (a missing key)");
        if (key > (uint)_keys.Classes.Length)
            throw Bad($"has the key {key}; expected are keys from 1 to {_keys.Classes.Length}");
        int category = _keys.Classes[key - 1];
        return category >= 0 ? category
            : throw Bad($"has '{_keys.Names[(int)key - 1]}', which no row had that the model was trained on; it knows {_keys.Known}");
    }

    InvalidOperationException Bad(string problem) => new($"Row {_row.Position} of {_keys.Role} column '{_column}' {problem}.");
}

/// <summary>Reads the classes that rows are conditioned on, Int64 [rows].</summary>
internal sealed class CategoryReader(CategoryKeys keys, DataViewRow row, DataViewSchema.Column column, int capacity) : RowReader
{
    readonly CategoryGetter _getter = new(keys, row, column);
    readonly long[] _classes = new long[capacity];

    public override void Read(int slot) => _classes[slot] = _getter.Read();

    public override IReadOnlyList<Tensor> ToTensors(int count) => [ToTensor<long>(_classes.AsSpan(0, count), ScalarType.Int64, count)];
}
