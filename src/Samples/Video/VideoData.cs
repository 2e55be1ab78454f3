using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>A frame as a row.</summary>
internal sealed class FrameRow
{
    /// <summary>Planar, from 0 to 255.</summary>
    public float[] Pixels { get; set; } = [];

    /// <summary>The action between the previous frame and this one.</summary>
    public string Action { get; set; } = "";

    /// <summary>The action of another frame, as a baseline.</summary>
    public string ShuffledAction { get; set; } = "";

    public string Episode { get; set; } = "";
}

/// <summary>A frame that was decoded from codes.</summary>
internal sealed class DecodedFrame
{
    public float[] Decoded { get; set; } = [];
}

/// <summary>The bits of a frame under the prior; NaN where too few frames precede it.</summary>
internal sealed class FrameBits
{
    public float Bits { get; set; }
}

/// <summary>The start of a rollout in an episode: the given frames and the true continuation.</summary>
internal sealed record Start(string Name, Episode Episode, int First)
{
    public const int Frames = VideoPlan.FramesGiven + VideoPlan.FramesMade;

    public IEnumerable<byte[]> Given => Episode.Frames.Skip(First).Take(VideoPlan.FramesGiven);

    public IReadOnlyList<byte[]> Truth => [.. Episode.Frames.Skip(First + VideoPlan.FramesGiven).Take(VideoPlan.FramesMade)];

    public IReadOnlyList<string> TrueActions => [.. Episode.Actions.Skip(First + VideoPlan.FramesGiven).Take(VideoPlan.FramesMade)];
}

/// <summary>Training episodes and test episodes (every eighth).</summary>
internal sealed class VideoData
{
    const int TestEvery = 8;

    readonly MLContext _ml;

    public VideoData(MLContext ml, string folder, IReadOnlyList<Episode> episodes)
    {
        _ml = ml;
        if (episodes.Count < 2)
            throw new DataSetException($"'{folder}' has one episode only; one is needed to learn from and another to test on.");
        Side = episodes[0].Side;
        int every = Math.Min(TestEvery, episodes.Count);
        Train = [.. episodes.Where((_, index) => index % every != every - 1)];
        Test = [.. episodes.Where((_, index) => index % every == every - 1)];
        string[] missing = [.. new[] { GameActions.Forward, GameActions.Left, GameActions.Right }
            .Where(action => !Train.Any(episode => episode.Actions.Contains(action)))];
        if (missing.Length > 0)
            throw new DataSetException($"No frame of '{folder}' has the action {string.Join(", ", missing.Select(name => $"'{name}'"))} in "
                + $"{FrameStrips.ActionsFile}; the rollouts are of '{GameActions.Forward}', '{GameActions.Left}' and "
                + $"'{GameActions.Right}'.");
        if (!Test.Any(episode => episode.Frames.Count >= Start.Frames))
            throw new DataSetException($"No test episode of '{folder}' has the {Start.Frames} frames that a rollout and its truth take.");
    }

    public int Side { get; }

    public IReadOnlyList<Episode> Train { get; }

    public IReadOnlyList<Episode> Test { get; }

    /// <summary>Rows of frames, created while reading: all of them as floats would take four times the memory.</summary>
    public IDataView Rows(IReadOnlyList<Episode> episodes, int everyFrame = 1)
    {
        string[] shuffled = [.. episodes.SelectMany(episode => episode.Actions)];
        new Random(1).Shuffle(shuffled);
        return View(Enumerate());

        IEnumerable<FrameRow> Enumerate()
        {
            int row = 0;
            foreach (Episode episode in episodes)
                for (int frame = 0; frame < episode.Frames.Count; frame++, row++)
                    if (frame % everyFrame == 0)
                        yield return Row(episode, frame, episode.Name, shuffled[row]);
        }
    }

    /// <summary>Starts of rollouts, evenly spaced over the test episodes.</summary>
    public IReadOnlyList<Start> Starts(int count)
    {
        Start[] all = [.. from episode in Test
                          from first in Enumerable.Range(0, Math.Max(0, episode.Frames.Count - Start.Frames + 1))
                          select new Start($"{episode.Name}@{first}", episode, first)];
        int taken = Math.Min(count, all.Length);
        return [.. Enumerable.Range(0, taken).Select(number => all[(2 * number + 1) * all.Length / (2 * taken)])];
    }

    /// <summary>The given frames, with each start as an episode of its own.</summary>
    public IDataView Rows(IReadOnlyList<Start> starts) => View(starts.SelectMany(start =>
        Enumerable.Range(start.First, VideoPlan.FramesGiven)
            .Select(frame => Row(start.Episode, frame, start.Name, start.Episode.Actions[frame]))));

    static FrameRow Row(Episode episode, int frame, string name, string shuffled) => new()
    {
        Pixels = Array.ConvertAll(episode.Frames[frame], level => (float)level),
        Action = episode.Actions[frame],
        ShuffledAction = shuffled,
        Episode = name,
    };

    public IDataView View(IEnumerable<FrameRow> rows)
    {
        var schema = SchemaDefinition.Create(typeof(FrameRow));
        schema[nameof(FrameRow.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 3, Side, Side);
        return _ml.Data.LoadFromEnumerable(rows, schema);
    }
}
