namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>A walk without plan: an action is held for a while, then comes another.</summary>
internal static class Wandering
{
    const int ShortestHold = 2, LongestHold = 10;

    // Out of 23: straight on most of the time, to either side as often as to the other.
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
