using System.Security.Cryptography;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>The default data: walks through a map of Freedoom, played by <see cref="DoomEngine"/>. They are generated once and kept in the
/// cache, in the layout that <c>--data</c> reads.</summary>
internal static class DoomVideo
{
    public const int FramesOfEpisode = 200;

    // A walled garden with room for long walks.
    const int Map = 20;

    /// <summary>The folder with the first episodes.</summary>
    public static string Open(string cache, int episodes, int frames, Stage stage, CancellationToken cancellation)
    {
        List<Walk> work = [.. Enumerable.Range(1, episodes).Select(number => new Walk(number, frames))];
        return GeneratedData.Open(cache, $"doom-{episodes}x{frames}-{Fingerprint(work)}", stage,
            folder => Make(folder, work, stage, cancellation), cancellation);
    }

    static void Make(string folder, IReadOnlyList<Walk> work, Stage stage, CancellationToken cancellation)
    {
        int done = 0, frames = work.Sum(walk => walk.Actions.Length);
        void Count()
        {
            lock (work)
                stage.Report((double)++done / frames, $"{done:N0}/{frames:N0} frames rendered, cached for later runs");
        }
        // An engine waits for about half of its time.
        var together = new ParallelOptions { MaxDegreeOfParallelism = 2 * Environment.ProcessorCount, CancellationToken = cancellation };
        try
        {
            Parallel.ForEach(work, together, walk => walk.Play(folder, Count, cancellation));
        }
        catch (AggregateException several) when (several.InnerException is { } first)
        {
            throw first;
        }
        FrameStrips.WriteActions(folder, work.Select(walk => (walk.File, walk.Actions.Select(action => action.Name()))));
    }

    /// <summary>Identifies the walks and the map.</summary>
    static string Fingerprint(IEnumerable<Walk> work) =>
        Convert.ToHexStringLower(SHA256.HashData([.. work.SelectMany(walk => walk.Demo)]))[..8];

    sealed class Walk(int number, int frames)
    {
        public GameAction[] Actions { get; } = Wandering.Actions(number, frames);

        public string File { get; } = $"walk{number:000}.png";

        public byte[] Demo => DemoFile.Write(Map, Actions);

        public void Play(string folder, Action count, CancellationToken cancellation)
        {
            string path = Path.Combine(folder, File);
            if (System.IO.File.Exists(path))
            {
                // Written by an earlier, interrupted run.
                foreach (GameAction _ in Actions)
                    count();
                return;
            }
            var taken = new List<byte[]>(Actions.Length);
            DoomEngine.Play(Demo, frame =>
            {
                taken.Add(frame);
                count();
            }, cancellation);
            FrameStrips.Write(path, FrameStrips.DefaultSide, taken);
        }
    }
}

/// <summary>A random walk: each action is held for several frames.</summary>
internal static class Wandering
{
    const int ShortestHold = 2, LongestHold = 10;

    // Weights out of 23, mostly forward, left as often as right.
    static readonly (GameAction Action, int Weight)[] Choices =
    [
        (GameAction.Forward, 8), (GameAction.Left, 4), (GameAction.Right, 4), (GameAction.ForwardLeft, 3), (GameAction.ForwardRight, 3),
        (GameAction.Back, 1),
    ];

    /// <summary>The actions of an episode; the same for the same seed.</summary>
    public static GameAction[] Actions(int seed, int frames)
    {
        var random = new Random(seed);
        var actions = new List<GameAction>(frames);
        while (actions.Count < frames)
        {
            int hold = random.Next(ShortestHold, LongestHold + 1);
            actions.AddRange(Enumerable.Repeat(Choose(random), Math.Min(hold, frames - actions.Count)));
        }
        return [.. actions];
    }

    static GameAction Choose(Random random)
    {
        int drawn = random.Next(Choices.Sum(choice => choice.Weight));
        foreach ((GameAction action, int weight) in Choices)
        {
            if ((drawn -= weight) < 0)
                return action;
        }
        throw new InvalidOperationException("The weights do not add up.");
    }
}
