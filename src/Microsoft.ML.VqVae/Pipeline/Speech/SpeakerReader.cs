using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Reads keys of speakers as the numbers that a network knows them by; −1 for one it does not know, and for a missing
/// key.</summary>
/// <remarks>The tensors: speakers Int64 [B], positions of the rows Int64 [B].</remarks>
/// <param name="keys">What the keys mean.</param>
/// <param name="required">Whether a speaker that the network does not know is an error.</param>
/// <param name="row">The row that is read.</param>
/// <param name="column">The column of keys.</param>
/// <param name="capacity">The largest batch.</param>
internal sealed class SpeakerReader(ConditionKeys keys, bool required, DataViewRow row, DataViewSchema.Column column, int capacity)
    : RowReader
{
    readonly long[] _speakers = new long[capacity];
    readonly long[] _positions = new long[capacity];
    readonly ValueGetter<uint> _getter = row.GetGetter<uint>(column);

    public override void Read(int slot) => (_speakers[slot], _positions[slot]) = (Read(), row.Position);

    /// <summary>The number of the current row's speaker.</summary>
    public int Read()
    {
        uint key = 0;
        _getter(ref key);
        int speaker = key >= 1 && key <= keys.Classes.Length ? keys.Classes[key - 1] : -1;
        return speaker >= 0 || !required ? speaker : throw Unknown(row.Position, column.Name, keys.Known);
    }

    public override IReadOnlyList<Tensor> ToTensors(int count) =>
    [
        ToTensor<long>(_speakers.AsSpan(0, count), ScalarType.Int64, count),
        ToTensor<long>(_positions.AsSpan(0, count), ScalarType.Int64, count),
    ];

    /// <summary>Who speaks in each row; a missing key is an error. No other column is read.</summary>
    public static List<int> ReadAll(IDataView data, DataViewSchema.Column column, ConditionKeys keys)
    {
        using DataViewRowCursor cursor = data.GetRowCursor([column]);
        var reader = new SpeakerReader(keys, required: false, cursor, column, capacity: 0);
        var speakers = new List<int>();
        while (cursor.MoveNext())
        {
            int speaker = reader.Read();
            speakers.Add(speaker >= 0 ? speaker : throw new InvalidOperationException(
                $"Row {cursor.Position} of speaker column '{column.Name}' has no value (a missing key): training needs to know who "
                + "speaks."));
        }
        return speakers;
    }

    public static InvalidOperationException Unknown(long position, string column, string known) => new(
        $"Row {position} of speaker column '{column}' names nobody whom the model was trained on (a missing key, or another speaker); "
        + $"a voice is needed to decode with: one of {known}.");
}
