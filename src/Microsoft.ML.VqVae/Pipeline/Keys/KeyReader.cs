using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A column of codes, and the requirements for its rows.</summary>
/// <param name="Column">The column.</param>
/// <param name="Codes">K: the number of codes to choose from; keys are from 1 to K.</param>
/// <param name="Length">Number of codes in a row; null if rows may be of any length.</param>
/// <param name="MissingAllowed">Whether keys may be missing; a missing key is read as the code −1.</param>
/// <param name="EmptyAllowed">Whether rows may be empty.</param>
/// <param name="PerPosition">G: number of codes per position; the number of codes in a row is a multiple of it.</param>
/// <param name="CodeOfKey">The code of each key; null if keys from 1 are the codes from 0.</param>
internal sealed record CodeRequirements(
    DataViewSchema.Column Column, int Codes, int? Length, bool MissingAllowed = false, bool EmptyAllowed = false, int PerPosition = 1,
    int[]? CodeOfKey = null)
{
    public int Keys => CodeOfKey?.Length ?? Codes;

    public int CodeOf(uint key) => key == 0 || CodeOfKey is null ? (int)key - 1 : CodeOfKey[key - 1];
}

/// <summary>Reads and checks the codes of the current row: keys are from 1, codes from 0.</summary>
internal sealed class CodeGetter(CodeRequirements required, DataViewRow row)
{
    readonly ValueGetter<VBuffer<uint>> _getter = row.GetGetter<VBuffer<uint>>(required.Column);
    VBuffer<uint> _keys;
    long[] _codes = [];

    /// <summary>The codes of the current row, valid until the next call.</summary>
    public ReadOnlySpan<long> Read()
    {
        _getter(ref _keys);
        int length = _keys.Length;
        if (length != (required.Length ?? length))
            throw Bad($"has {length} codes; expected are {required.Length}");
        if (length % required.PerPosition != 0)
            throw Bad($"has {length} codes; expected is a multiple of {required.PerPosition}, the number of codes per position");
        if (length == 0 && !required.EmptyAllowed)
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
            if (keys[i] > (uint)required.Keys)
                throw Bad($"has the key {keys[i]} in slot {slot}; expected are keys from 1 to {required.Keys}");
            codes[slot] = required.CodeOf(keys[i]);
        }
        if (!required.MissingAllowed && codes.IndexOf(-1) is int missing and >= 0)
            throw Bad($"has no code in slot {missing} (a missing key); each of the {length} slots needs one");
        return codes;
    }

    InvalidOperationException Bad(string problem) => new($"Row {row.Position} of codes column '{required.Column.Name}' {problem}.");
}

/// <summary>Reads rows of codes of any length.</summary>
/// <remarks>The tensors: codes Int64 [rows, longest], 0 beyond the end of a row, and lengths Int64 [rows]. By position the codes are
/// [rows, N, G], and the lengths are numbers of positions.</remarks>
/// <param name="required">The column.</param>
/// <param name="row">The row or cursor.</param>
/// <param name="capacity">The maximum number of rows.</param>
/// <param name="byPosition">Whether the network reads position by position.</param>
/// <param name="valuesPerCode">Number of values that the network makes of a code of a row of any length; 0 where it takes rows however long
/// they are.</param>
internal sealed class CodeReader(
    CodeRequirements required, DataViewRow row, int capacity, bool byPosition = false, int valuesPerCode = 0) : RowReader
{
    readonly CodeGetter _getter = new(required, row);
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

    public override long SizeOf(int slot) => _lengths[slot] * valuesPerCode;

    public override IReadOnlyList<Tensor> ToTensors(int first, int count)
    {
        int longest = (int)_lengths[first..(first + count)].Max();
        long[] block = new long[checked(count * longest)];
        for (int slot = first; slot < first + count; slot++)
            _rows[slot].AsSpan(0, (int)_lengths[slot]).CopyTo(block.AsSpan((slot - first) * longest));
        Tensor codes = ToTensor<long>(block, ScalarType.Int64, count, longest);
        long[] lengths = [.. _lengths[first..(first + count)].Select(length => length / required.PerPosition)];
        return
        [
            byPosition ? codes.view(count, longest / required.PerPosition, required.PerPosition) : codes,
            ToTensor<long>(lengths, ScalarType.Int64, count),
        ];
    }
}

/// <summary>A column of categories, and the meaning of its keys to a network that is conditioned on them.</summary>
/// <param name="Column">The column.</param>
/// <param name="Role">The role of the column, for messages: "condition", "speaker".</param>
/// <param name="Set">The categories of the network.</param>
/// <param name="Classes">The class of each key from 1; −1 for a class that was not in the training data.</param>
internal sealed record CategoryColumn(DataViewSchema.Column Column, string Role, CategorySet Set, int[] Classes)
{
    /// <summary>The name of a key, counted from 0.</summary>
    public string NameOf(int key) => Set.Names is not null && KeyNames.Of(Column) is KeyNames names ? names.Values[key] : Set.NameOf(key);

    /// <summary>The classes of keys in an ONNX graph: UInt32 [rows, 1] → Int64 [rows], −1 for missing keys and unknown classes.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="unknownAllowed">Whether keys of the column may be those of unknown classes.</param>
    /// <exception cref="NotSupportedException">There is such a key, and it may not be.</exception>
    public OnnxValue ToOnnx(OnnxValue keys, bool unknownAllowed)
    {
        if (!unknownAllowed && Array.IndexOf(Classes, -1) is int unknown and >= 0)
            throw new NotSupportedException($"the {Role} column '{Column.Name}' has '{NameOf(unknown)}', which no row of the training data had");
        long[] classes = [-1, .. Classes.Select(index => (long)index)];
        return keys.To<long>().RowsOf(keys.Graph.Constant(classes, classes.Length)).Reshape(-1);
    }
}

/// <summary>Reads the class of the current row.</summary>
internal sealed class CategoryGetter(CategoryColumn categories, DataViewRow row)
{
    readonly ValueGetter<uint> _getter = row.GetGetter<uint>(categories.Column);
    uint _key;

    /// <summary>The class; −1 for one that was not in the training data, and for a missing key.</summary>
    public int ReadAny()
    {
        _getter(ref _key);
        return _key >= 1 && _key <= (uint)categories.Classes.Length ? categories.Classes[_key - 1] : -1;
    }

    /// <summary>The class; any other than those of the training data is an error.</summary>
    public int Read()
    {
        int category = ReadAny();
        if (category >= 0)
            return category;
        string problem = _key == 0 ? "has no value (a missing key); each row needs one"
            : _key > (uint)categories.Classes.Length ? $"has the key {_key}; expected are keys from 1 to {categories.Classes.Length}"
            : $"has '{categories.NameOf((int)_key - 1)}', which no row had that the model was trained on; it knows {categories.Set.Listed()}";
        throw new InvalidOperationException($"Row {row.Position} of {categories.Role} column '{categories.Column.Name}' {problem}.");
    }
}

/// <summary>Reads the classes that rows are conditioned on.</summary>
/// <remarks>The tensors: classes Int64 [rows]. Where unknown classes are allowed they are −1, and the positions of the rows follow, Int64
/// [rows].</remarks>
internal sealed class CategoryReader(CategoryColumn categories, DataViewRow row, int capacity, bool unknownAllowed) : RowReader
{
    readonly CategoryGetter _getter = new(categories, row);
    readonly long[] _classes = new long[capacity];
    readonly long[] _positions = new long[capacity];

    public override void Read(int slot) => (_classes[slot], _positions[slot]) = (unknownAllowed ? _getter.ReadAny() : _getter.Read(), row.Position);

    public override IReadOnlyList<Tensor> ToTensors(int first, int count)
    {
        Tensor classes = ToTensor<long>(_classes.AsSpan(first, count), ScalarType.Int64, count);
        return unknownAllowed ? [classes, ToTensor<long>(_positions.AsSpan(first, count), ScalarType.Int64, count)] : [classes];
    }
}
