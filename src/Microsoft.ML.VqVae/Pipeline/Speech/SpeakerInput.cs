using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A column of speakers as the input of an audio codec.</summary>
/// <param name="name">The name of the column.</param>
/// <param name="speakers">The speakers of the training data.</param>
/// <param name="required">Whether a speaker that was not in the training data is an error.</param>
internal sealed class SpeakerInput(string name, CategorySet speakers, bool required) : ModelInput
{
    public const string Role = "speaker";

    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, Role);
        // Throws where the type of the keys is unsuitable.
        speakers.KeysOf(column, Role);
        return [column];
    }

    public override RowReader CreateReader(DataViewRow row, IReadOnlyList<DataViewSchema.Column> columns, int capacity) =>
        new SpeakerReader(speakers.KeysOf(columns[0], Role), required, row, columns[0], capacity);
}

/// <summary>Reads the speaker of the current row.</summary>
internal sealed class SpeakerGetter(CategoryKeys keys, DataViewRow row, DataViewSchema.Column column)
{
    readonly ValueGetter<uint> _getter = row.GetGetter<uint>(column);

    /// <summary>The number of the speaker; −1 for one that the network does not know, and for a missing key.</summary>
    public int Read()
    {
        uint key = 0;
        _getter(ref key);
        return key >= 1 && key <= keys.Classes.Length ? keys.Classes[key - 1] : -1;
    }

    /// <summary>The number of the speaker; a missing key is an error.</summary>
    public int ReadKnown()
    {
        int speaker = Read();
        return speaker >= 0 ? speaker : throw new InvalidOperationException(
            $"Row {row.Position} of speaker column '{column.Name}' has no value (a missing key): training needs to know who speaks.");
    }
}

/// <summary>Reads the speakers of rows.</summary>
/// <remarks>The tensors: speakers Int64 [B], −1 for one that the network does not know, and positions of the rows Int64 [B].</remarks>
internal sealed class SpeakerReader(CategoryKeys keys, bool required, DataViewRow row, DataViewSchema.Column column, int capacity)
    : RowReader
{
    readonly SpeakerGetter _getter = new(keys, row, column);
    readonly long[] _speakers = new long[capacity];
    readonly long[] _positions = new long[capacity];

    public override void Read(int slot)
    {
        int speaker = _getter.Read();
        if (speaker < 0 && required)
            throw Unknown(row.Position, column.Name, keys.Known);
        (_speakers[slot], _positions[slot]) = (speaker, row.Position);
    }

    public override IReadOnlyList<Tensor> ToTensors(int count) =>
    [
        ToTensor<long>(_speakers.AsSpan(0, count), ScalarType.Int64, count),
        ToTensor<long>(_positions.AsSpan(0, count), ScalarType.Int64, count),
    ];

    public static InvalidOperationException Unknown(long position, string column, string known) => new(
        $"Row {position} of speaker column '{column}' names nobody whom the model was trained on (a missing key, or another speaker); "
        + $"a voice is needed to decode with: one of {known}.");
}
