namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>
/// A demo of Doom 1.9: the actions of a player per tic (1/35 s), which the engine replays. A header of 13 bytes, four bytes per tic, and an
/// end mark. The engine is deterministic: the same demo gives the same frames.
/// </summary>
internal static class DemoFile
{
    public const int HeaderBytes = 13, BytesOfTic = 4;

    /// <summary>Tics that an action is held for each frame: 8.75 frames per second.</summary>
    public const int TicsOfFrame = 4;

    const byte Version19 = 109, MediumSkill = 2, FirstEpisode = 1, End = 0x80;

    // Walking pace, in the engine's units; turning in units of 1/256 of a circle: 2.8° per tic, 11.25° per frame.
    const sbyte Walk = 25, Turn = 2;

    /// <summary>The bytes of a demo in which each action is held for <see cref="TicsOfFrame"/> tics: one player, no monsters.</summary>
    /// <param name="map">The number of the map.</param>
    /// <param name="actions">The actions, one per frame.</param>
    public static byte[] Write(int map, IReadOnlyList<GameAction> actions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(map, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(map, 32);
        var demo = new List<byte>(HeaderBytes + actions.Count * TicsOfFrame * BytesOfTic + 1)
        {
            // Then: deathmatch, respawning monsters, fast monsters, no monsters, whose view, and which of four players there are.
            Version19, MediumSkill, FirstEpisode, (byte)map, 0, 0, 0, 1, 0, 1, 0, 0, 0,
        };
        foreach (GameAction action in actions)
        {
            (sbyte forward, sbyte turn) = Movement(action);
            for (int tic = 0; tic < TicsOfFrame; tic++)
                // Forward, sideways, turn to the left, buttons.
                demo.AddRange([unchecked((byte)forward), 0, unchecked((byte)turn), 0]);
        }
        demo.Add(End);
        return [.. demo];
    }

    static (sbyte Forward, sbyte Turn) Movement(GameAction action) => action switch
    {
        GameAction.Forward => (Walk, 0),
        GameAction.Left => (0, Turn),
        GameAction.Right => (0, -Turn),
        GameAction.ForwardLeft => (Walk, Turn),
        GameAction.ForwardRight => (Walk, -Turn),
        _ => (-Walk, 0),
    };
}

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
