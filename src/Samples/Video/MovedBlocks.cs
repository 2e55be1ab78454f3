namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>Frames made of moved blocks of the one before: what motion alone tells of a frame.</summary>
internal static class MovedBlocks
{
    /// <summary>Pixels of the side of a block: three codes.</summary>
    const int BlockSide = 12;

    /// <summary>Pixels that a block may move: enough for a turn of 11.25° in frames of 84×84.</summary>
    const int FarthestAcross = 20, FarthestDown = 6;

    /// <summary>A planar frame of blocks from other places of a frame; beyond the edges, the last pixel is repeated.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="displacements">The place that each block is from, row by row, relative to its own.</param>
    /// <param name="side">The side of the frame.</param>
    public static float[] Displaced(float[] frame, Displacement[] displacements, int side)
    {
        int columns = Blocks(side);
        return [.. Enumerable.Range(0, frame.Length).Select(i =>
        {
            (int plane, int y, int x) = (i - i % (side * side), i / side % side, i % side);
            return frame[plane + Place(y, x, displacements[y / BlockSide * columns + x / BlockSide], side)];
        })];
    }

    /// <summary>For each block of a frame, the place in another frame that is most like it; of equally good places, the nearest.</summary>
    /// <param name="from">The other frame, planar.</param>
    /// <param name="frame">The frame, planar.</param>
    /// <param name="side">The side of both.</param>
    public static Displacement[] BestMatches(float[] from, float[] frame, int side)
    {
        Displacement[] all = [.. from down in Enumerable.Range(-FarthestDown, 2 * FarthestDown + 1)
                                 from across in Enumerable.Range(-FarthestAcross, 2 * FarthestAcross + 1)
                                 orderby down * down + across * across
                                 select new Displacement(down, across)];
        int columns = Blocks(side);
        return [.. Enumerable.Range(0, columns * columns)
            .Select(block => all.MinBy(displacement =>
                Difference(from, frame, side, block / columns * BlockSide, block % columns * BlockSide, displacement)))];
    }

    static double Difference(float[] from, float[] frame, int side, int top, int left, Displacement displacement)
    {
        float sum = 0;
        for (int plane = 0; plane < frame.Length; plane += side * side)
            for (int y = top; y < Math.Min(side, top + BlockSide); y++)
                for (int x = left; x < Math.Min(side, left + BlockSide); x++)
                {
                    float difference = frame[plane + y * side + x] - from[plane + Place(y, x, displacement, side)];
                    sum += difference * difference;
                }
        return sum;
    }

    static int Place(int y, int x, Displacement displacement, int side) =>
        Math.Clamp(y + displacement.Down, 0, side - 1) * side + Math.Clamp(x + displacement.Across, 0, side - 1);

    static int Blocks(int side) => (side + BlockSide - 1) / BlockSide;
}

/// <summary>The place that a block comes from, in pixels from its own.</summary>
internal readonly record struct Displacement(int Down, int Across);
