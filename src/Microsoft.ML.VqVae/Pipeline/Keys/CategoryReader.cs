using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>What the keys of a column mean to a network that is conditioned on classes.</summary>
/// <param name="Classes">The class of each key, the first that of key 1; −1 where the network knows none.</param>
/// <param name="Names">What each key stands for.</param>
/// <param name="Known">The names of the classes that the network knows, for messages.</param>
/// <param name="Role">The role of the column, for messages: "condition", "speaker".</param>
internal sealed record CategoryKeys(int[] Classes, IReadOnlyList<string> Names, string Known, string Role);

/// <summary>Reads the class that a row is conditioned on, and checks it.</summary>
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
        int condition = _keys.Classes[key - 1];
        return condition >= 0 ? condition
            : throw Bad($"has '{_keys.Names[(int)key - 1]}', which no row had that the model was trained on; it knows {_keys.Known}");
    }

    InvalidOperationException Bad(string what) => new($"Row {_row.Position} of {_keys.Role} column '{_column}' {what}.");
}

/// <summary>Reads the classes that rows are conditioned on: Int64 [rows].</summary>
internal sealed class CategoryReader(CategoryKeys keys, DataViewRow row, DataViewSchema.Column column, int capacity) : RowReader
{
    readonly CategoryGetter _getter = new(keys, row, column);
    readonly long[] _classes = new long[capacity];

    public override void Read(int slot) => _classes[slot] = _getter.Read();

    public override IReadOnlyList<TorchSharp.torch.Tensor> ToTensors(int count) =>
        [ToTensor<long>(_classes.AsSpan(0, count), TorchSharp.torch.ScalarType.Int64, count)];
}
