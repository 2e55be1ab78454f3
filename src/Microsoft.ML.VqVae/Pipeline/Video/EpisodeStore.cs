using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Episodes of frames in memory, read and checked in the order of their rows. The examples are the frames with enough preceding
/// frames in their episode.</summary>
internal sealed class EpisodeStore : IExampleStore
{
    readonly CodeStore _frames;
    readonly List<(uint Key, int First, int Length)> _episodes;
    readonly int _context;
    readonly int[] _examples;

    EpisodeStore(CodeStore frames, List<(uint Key, int First, int Length)> episodes, int context)
    {
        (_frames, _episodes, _context) = (frames, episodes, context);
        _examples = [.. episodes.SelectMany(episode => Enumerable.Range(episode.First, episode.Length).Skip(context))];
    }

    /// <summary>The episodes: the key of each, the number of its first row, and its number of frames.</summary>
    public IReadOnlyList<(uint Key, int First, int Length)> Episodes => _episodes;

    /// <summary>The action that led to each example.</summary>
    public IEnumerable<int> Actions => _examples.Select(frame => _frames.Conditions[frame]);

    public int Count => _examples.Length;

    public long TotalCodes => _frames.TotalCodes;

    /// <summary>Reads the whole columns; throws at the first unsuitable row, and if there are no rows.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="context">Number of preceding frames that an example needs.</param>
    /// <param name="purpose">The purpose of the rows, for the message if there are none.</param>
    /// <param name="cancellation">Cancels the reading.</param>
    public static EpisodeStore Read(
        IDataView data, EpisodeColumns columns, int context, string purpose, CancellationToken cancellation)
    {
        var frames = new CodeStore(columns.Codes);
        var episodes = new List<(uint Key, int First, int Length)>();
        var seen = new HashSet<uint>();
        using DataViewRowCursor cursor = data.GetRowCursor([columns.Codes.Column, columns.Action.Column, columns.Episode]);
        var codes = new CodeGetter(columns.Codes, cursor);
        var action = new ActionGetter(columns, context, cursor);
        var episode = new EpisodeGetter(cursor, columns.Episode);
        while (UnreadableRow.MoveNext(cursor, cancellation))
        {
            int row = frames.Count;
            uint key = episode.Read();
            bool goesOn = episodes.Count > 0 && episodes[^1].Key == key;
            frames.Add(codes.Read(), action.Read(goesOn ? row - episodes[^1].First : 0));
            if (goesOn)
            {
                episodes[^1] = episodes[^1] with { Length = row + 1 - episodes[^1].First };
                continue;
            }
            if (!seen.Add(key))
            {
                throw new InvalidOperationException($"Row {row} of column '{columns.Episode.Name}' returns to the episode with the key "
                    + $"{key}: the frames of an episode must be consecutive.");
            }
            episodes.Add((key, row, 1));
        }
        frames.RequireRows(purpose);
        return new EpisodeStore(frames, episodes, context);
    }

    /// <summary>Throws if no episode is longer than the context.</summary>
    public void RequireExamples()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException($"The longest episode has {_episodes.Max(episode => episode.Length)} frames; the "
                + $"prior looks back {_context} (Network.ContextFrames), so an episode needs {_context + 1} frames or more.");
        }
    }

    /// <summary>The examples with their context: codes Int64 [B, context + 1, N], the example last, and the action that led to each frame,
    /// Int64 [B, context + 1].</summary>
    public Tensor[] ReadBatch(BatchExamples examples) =>
        ReadFrames(Array.ConvertAll(examples.Numbers.ToArray(), number => _examples[number]), _context + 1);

    /// <summary>Frames on the CPU with their preceding frames: codes Int64 [B, count, N], each row of the batch ending with the given
    /// frame, and the actions that led to them, Int64 [B, count]. The caller owns the tensors.</summary>
    public Tensor[] ReadFrames(ReadOnlySpan<int> frames, int count)
    {
        int[] rows = new int[checked(frames.Length * count)];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = frames[i / count] - count + 1 + i % count;
        Tensor[] read = _frames.ReadBatch(rows);
        using Tensor codes = read[0], lengths = read[1], actions = read[2];
        return [codes.view(frames.Length, count, -1), actions.view(frames.Length, count)];
    }
}
