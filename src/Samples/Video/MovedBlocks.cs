namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>Frames made of moved blocks of the one before: what motion alone tells of a frame.</summary>
internal static class MovedBlocks
{
    /// <summary>Pixels of the side of a block: three codes.</summary>
    const int BlockSide = 12;

    /// <summary>Pixels that a block may move: a turn of 11.25° moves the edge of a frame by 18.</summary>
    const int FarthestAcross = 20, FarthestDown = 6;

    /// <summary>A planar frame of blocks from other places of a frame; beyond the edges, the last pixel is repeated.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="moves">The place that each block is from, row by row, relative to its own.</param>
    /// <param name="side">The side of the frame.</param>
    public static float[] Moved(float[] frame, Move[] moves, int side)
    {
        int columns = Blocks(side);
        return [.. Enumerable.Range(0, frame.Length).Select(i =>
        {
            (int plane, int y, int x) = (i - i % (side * side), i / side % side, i % side);
            return frame[plane + Place(y, x, moves[y / BlockSide * columns + x / BlockSide], side)];
        })];
    }

    /// <summary>Of each block of a frame, the place in another frame that is most like it; the nearest of such places.</summary>
    /// <param name="from">The other frame, planar.</param>
    /// <param name="frame">The frame, planar.</param>
    /// <param name="side">The side of both.</param>
    public static Move[] BestMoves(float[] from, float[] frame, int side)
    {
        Move[] all = [.. from down in Enumerable.Range(-FarthestDown, 2 * FarthestDown + 1)
                         from across in Enumerable.Range(-FarthestAcross, 2 * FarthestAcross + 1)
                         orderby down * down + across * across
                         select new Move(down, across)];
        int columns = Blocks(side);
        return [.. Enumerable.Range(0, columns * columns)
            .Select(block => all.MinBy(move => Difference(from, frame, side, block / columns * BlockSide, block % columns * BlockSide, move)))];
    }

    static double Difference(float[] from, float[] frame, int side, int top, int left, Move move)
    {
        float sum = 0;
        for (int plane = 0; plane < frame.Length; plane += side * side)
            for (int y = top; y < Math.Min(side, top + BlockSide); y++)
                for (int x = left; x < Math.Min(side, left + BlockSide); x++)
                {
                    float difference = frame[plane + y * side + x] - from[plane + Place(y, x, move, side)];
                    sum += difference * difference;
                }
        return sum;
    }

    static int Place(int y, int x, Move move, int side) =>
        Math.Clamp(y + move.Down, 0, side - 1) * side + Math.Clamp(x + move.Across, 0, side - 1);

    static int Blocks(int side) => (side + BlockSide - 1) / BlockSide;
}

/// <summary>The place that a block comes from, in pixels from its own.</summary>
internal readonly record struct Move(int Down, int Across);
