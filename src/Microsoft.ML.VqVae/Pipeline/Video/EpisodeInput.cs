using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The columns of video whose rows are frames: the codes of the frame, the action that led to it, and its episode.</summary>
/// <param name="Codes">The column of codes.</param>
/// <param name="Action">The column of actions.</param>
/// <param name="EarlyAction">The same for frames before which an episode has too few to predict them: their actions are context only, and may
/// be such as no predicted frame of the training data had.</param>
/// <param name="Episode">The column of episodes.</param>
internal sealed record EpisodeColumns(
    CodeRequirements Codes, CategoryColumn Action, CategoryColumn EarlyAction, DataViewSchema.Column Episode);

/// <summary>The three columns of video as the input of a network; see <see cref="EpisodeReader"/> for the tensors.</summary>
/// <param name="names">The names of the columns.</param>
/// <param name="description">The network.</param>
internal sealed class EpisodeInput(VideoPriorColumns names, VideoPriorDescription description) : ModelInput
{
    const string Expected = "a key that identifies the episode of a frame, as MapValueToKey outputs it";

    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema)
    {
        EpisodeColumns columns = Bind(schema);
        return [columns.Codes.Column, columns.Action.Column, columns.Episode];
    }

    public override RowReader CreateReader(DataViewRow row, int capacity) =>
        new EpisodeReader(Bind(row.Schema), description.Network.ContextFrames, row, capacity);

    /// <summary>Finds and checks the columns of frames to score or continue.</summary>
    public EpisodeColumns Bind(DataViewSchema schema)
    {
        DataViewSchema.Column codes = description.Format.Find(schema, names.Codes);
        CategoryColumn action = description.Actions.Find(schema, names.Action, "action");
        CategoryColumn early = description.Actions.Find(schema, names.Action, "action", unseenAllowed: true);
        DataViewSchema.Column episode = FindEpisode(schema, names.Episode);
        return new(description.Format.ToRequirements(codes), action, early, episode);
    }

    public static DataViewSchema.Column FindEpisode(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, "episode");
        return column.Type is KeyDataViewType key && key.RawType == typeof(uint)
            ? column
            : throw SchemaColumns.Mismatch(name, Expected, column.Type.ToString()!, "episode");
    }

    public static void CheckEpisode(SchemaShape schema, string name)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name, "episode");
        if (column.Kind != SchemaShape.Column.VectorKind.Scalar || !column.IsKey || column.ItemType != NumberDataViewType.UInt32)
            throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column), "episode");
    }
}

/// <summary>
/// Reads frames with the preceding frames of their episode: the codes of the frame [rows, N], those of the n preceding frames [rows, n, N],
/// the action that followed each of those [rows, n], and 1 if there are n preceding frames, else 0 [rows]. It keeps the latest frames, so
/// rows must be read in order.
/// </summary>
internal sealed class EpisodeReader : RowReader
{
    readonly CodeGetter _codes;
    readonly ActionGetter _action;
    readonly EpisodeGetter _episode;
    readonly int _length;
    readonly int _context;
    readonly long[] _frames;
    readonly long[] _past;
    readonly long[] _actions;
    readonly long[] _complete;
    // The last n frames and actions, the latest last.
    readonly long[] _memory;
    readonly long[] _actionMemory;
    uint _current;
    int _seen;

    public EpisodeReader(EpisodeColumns columns, int context, DataViewRow row, int capacity)
    {
        (_length, _context) = (columns.Codes.Length!.Value, context);
        _codes = new CodeGetter(columns.Codes, row);
        _action = new ActionGetter(columns, context, row);
        _episode = new EpisodeGetter(row, columns.Episode);
        _frames = new long[checked(capacity * _length)];
        _past = new long[checked(capacity * context * _length)];
        _actions = new long[capacity * context];
        _complete = new long[capacity];
        _memory = new long[context * _length];
        _actionMemory = new long[context];
    }

    public override void Read(int slot)
    {
        uint episode = _episode.Read();
        if (episode != _current)
        {
            (_current, _seen) = (episode, 0);
            Array.Clear(_memory);
            Array.Clear(_actionMemory);
        }
        Push(_actionMemory, [_action.Read(_seen)]);
        ReadOnlySpan<long> codes = _codes.Read();
        codes.CopyTo(_frames.AsSpan(slot * _length));
        _memory.CopyTo(_past.AsSpan(slot * _memory.Length));
        _actionMemory.CopyTo(_actions.AsSpan(slot * _context));
        _complete[slot] = _seen >= _context ? 1 : 0;
        Push(_memory, codes);
        _seen++;
    }

    public override IReadOnlyList<Tensor> ToTensors(int first, int count) =>
    [
        ToTensor<long>(_frames.AsSpan(first * _length, count * _length), ScalarType.Int64, count, _length),
        ToTensor<long>(_past.AsSpan(first * _memory.Length, count * _memory.Length), ScalarType.Int64, count, _context, _length),
        ToTensor<long>(_actions.AsSpan(first * _context, count * _context), ScalarType.Int64, count, _context),
        ToTensor<long>(_complete.AsSpan(first, count), ScalarType.Int64, count),
    ];

    static void Push(long[] memory, ReadOnlySpan<long> latest)
    {
        memory.AsSpan(latest.Length).CopyTo(memory);
        latest.CopyTo(memory.AsSpan(memory.Length - latest.Length));
    }
}

/// <summary>Reads the action that led to the frame of a row.</summary>
internal sealed class ActionGetter(EpisodeColumns columns, int context, DataViewRow row)
{
    readonly CategoryGetter _early = new(columns.EarlyAction, row);
    readonly CategoryGetter _other = new(columns.Action, row);

    /// <param name="frame">The number of the frame in its episode, from 0.</param>
    /// <returns>The action; any for the first frame, which no action led to.</returns>
    public int Read(int frame) =>
        frame == 0 ? Math.Max(0, _early.ReadAny()) : frame < context ? _early.Read() : _other.Read();
}

/// <summary>Reads the episode of a row.</summary>
internal sealed class EpisodeGetter(DataViewRow row, DataViewSchema.Column column)
{
    readonly ValueGetter<uint> _getter = row.GetGetter<uint>(column);

    public uint Read()
    {
        uint key = 0;
        _getter(ref key);
        return key != 0 ? key : throw new InvalidOperationException(
            $"Row {row.Position} of episode column '{column.Name}' has no value (a missing key).");
    }
}
