using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The columns of video whose rows are frames: the codes of the frame, the action that led to it, and which episode it is
/// of.</summary>
/// <param name="Codes">The column of codes.</param>
/// <param name="Action">The column of actions.</param>
/// <param name="Episode">The column of episodes.</param>
/// <param name="Wanted">What the codes must be.</param>
/// <param name="Actions">What the keys of actions mean.</param>
internal sealed record EpisodeColumns(
    DataViewSchema.Column Codes, DataViewSchema.Column Action, DataViewSchema.Column Episode, CodesWanted Wanted, ConditionKeys Actions);

/// <summary>Episodes of frames in memory, read and checked in the order of their rows.</summary>
internal sealed class EpisodeStore
{
    readonly CodeStore _frames;
    readonly List<(uint Key, int First, int Length)> _episodes;

    EpisodeStore(CodeStore frames, List<(uint, int, int)> episodes) => (_frames, _episodes) = (frames, episodes);

    /// <summary>The episodes: the key of each, the number of its first row, and how many frames it has.</summary>
    public IReadOnlyList<(uint Key, int First, int Length)> Episodes => _episodes;

    /// <summary>The action that led to each frame.</summary>
    public IReadOnlyList<int> Actions => _frames.Conditions;

    public long TotalCodes => _frames.TotalCodes;

    /// <summary>Reads the whole columns; throws at the first row that is not fit, and where there is none.</summary>
    public static EpisodeStore Read(IDataView data, EpisodeColumns columns, string purpose, CancellationToken cancellation)
    {
        CodeStore frames = CodeStore.Read(data, (columns.Codes, columns.Wanted), (columns.Action, columns.Actions), purpose, cancellation);
        var episodes = new List<(uint Key, int First, int Length)>(frames.Count);
        var seen = new HashSet<uint>();
        using DataViewRowCursor cursor = data.GetRowCursor([columns.Episode]);
        var getter = new EpisodeGetter(cursor, columns.Episode);
        for (int row = 0; cursor.MoveNext(); row++)
        {
            uint key = getter.Read();
            if (episodes.Count > 0 && episodes[^1].Key == key)
            {
                episodes[^1] = episodes[^1] with { Length = row + 1 - episodes[^1].First };
                continue;
            }
            if (!seen.Add(key))
            {
                throw new InvalidOperationException($"Row {row} of column '{columns.Episode.Name}' comes back to the episode with the key "
                    + $"{key}: the frames of an episode must follow one another.");
            }
            episodes.Add((key, row, 1));
        }
        return new EpisodeStore(frames, episodes);
    }

    /// <summary>The frames that have at least <paramref name="context"/> frames of their episode before them.</summary>
    public int[] FramesWith(int context) =>
        [.. _episodes.SelectMany(episode => Enumerable.Range(episode.First, episode.Length).Skip(context))];

    /// <summary>Frames on the CPU with those before them: codes Int64 [B, count, N], each row of the batch ending with the given frame, and
    /// the actions that led to them, Int64 [B, count]. The tensors belong to the caller.</summary>
    public Tensor[] ReadBatch(ReadOnlySpan<int> frames, int count)
    {
        int[] rows = new int[checked(frames.Length * count)];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = frames[i / count] - count + 1 + i % count;
        Tensor[] read = _frames.ReadBatch(rows);
        using Tensor codes = read[0], lengths = read[1], actions = read[2];
        return [codes.view(frames.Length, count, -1), actions.view(frames.Length, count)];
    }
}

/// <summary>Reads which episode a row is of.</summary>
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
