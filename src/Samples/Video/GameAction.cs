namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>An action of the player between two frames.</summary>
internal enum GameAction
{
    Forward,
    Left,
    Right,
    ForwardLeft,
    ForwardRight,
    Back,
}

internal static class GameActions
{
    /// <summary>The name of an action in <c>actions.tsv</c>.</summary>
    public static string Name(this GameAction action) => action switch
    {
        GameAction.Forward => Forward,
        GameAction.Left => Left,
        GameAction.Right => Right,
        GameAction.ForwardLeft => "forward-left",
        GameAction.ForwardRight => "forward-right",
        _ => "back",
    };

    public const string Forward = "forward", Left = "left", Right = "right";
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
