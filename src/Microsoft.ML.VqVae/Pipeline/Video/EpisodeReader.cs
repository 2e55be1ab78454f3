using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Reads frames with what came before them in their episode: the codes of the frame [rows, N], of the n frames before [rows, n, N], the
/// actions that followed each of those [rows, n], and 1 where there are so many frames before, 0 where not [rows]. It remembers what it
/// read: rows must come in their order.
/// </summary>
internal sealed class EpisodeReader : RowReader
{
    readonly CodeGetter _codes;
    readonly ConditionGetter _action;
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
        (_length, _context) = (columns.Wanted.Length!.Value, context);
        _codes = new CodeGetter(columns.Wanted, row, columns.Codes);
        _action = new ConditionGetter(columns.Actions, row, columns.Action);
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
        Push(_actionMemory, [_action.Read()]);
        ReadOnlySpan<long> codes = _codes.Read();
        codes.CopyTo(_frames.AsSpan(slot * _length));
        _memory.CopyTo(_past.AsSpan(slot * _memory.Length));
        _actionMemory.CopyTo(_actions.AsSpan(slot * _context));
        _complete[slot] = _seen >= _context ? 1 : 0;
        Push(_memory, codes);
        _seen++;
    }

    public override IReadOnlyList<Tensor> ToTensors(int count) =>
    [
        ToTensor<long>(_frames.AsSpan(0, count * _length), ScalarType.Int64, count, _length),
        ToTensor<long>(_past.AsSpan(0, count * _memory.Length), ScalarType.Int64, count, _context, _length),
        ToTensor<long>(_actions.AsSpan(0, count * _context), ScalarType.Int64, count, _context),
        ToTensor<long>(_complete.AsSpan(0, count), ScalarType.Int64, count),
    ];

    static void Push(long[] memory, ReadOnlySpan<long> latest)
    {
        memory.AsSpan(latest.Length).CopyTo(memory);
        latest.CopyTo(memory.AsSpan(memory.Length - latest.Length));
    }
}
