namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>What the player does while the world goes from one frame to the next.</summary>
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
