namespace Microsoft.ML.VqVae.Networks;

/// <summary>Random masks of blocks: rectangles of a grid (BEiT, arXiv 2106.08254), or spans of a line or a sequence (HuBERT, arXiv
/// 2106.07447).</summary>
internal static class BlockMask
{
    // Four numbers for each block: its height and width, its row and column.
    const int DrawsOfBlock = 4, BlocksAtOnce = 16;

    /// <summary>Draws the masked positions of a row, in ascending order: as many as the share says, at least one. Blocks may
    /// reach beyond the edges, so that positions there are masked as often as others; the last block is cut where it would mask
    /// more.</summary>
    /// <param name="height">Rows of the grid; 1 for a line or a sequence.</param>
    /// <param name="width">Columns of the grid, or the length.</param>
    /// <param name="share">The share of positions that are masked.</param>
    /// <param name="sizes">The minimum and the maximum size of a block.</param>
    /// <param name="seed">The seed of all randomness.</param>
    /// <param name="stream">The stream of random numbers; a mask depends on (seed, stream) and the sizes alone.</param>
    public static int[] Draw(int height, int width, double share, (int Min, int Max) sizes, int seed, long stream)
    {
        int positions = height * width;
        int wanted = Math.Clamp((int)Math.Round(share * positions, MidpointRounding.AwayFromZero), 1, positions);
        bool[] masked = new bool[positions];
        float[] draws = [];
        int count = 0;
        for (int block = 0; count < wanted; block++)
        {
            if (block * DrawsOfBlock >= draws.Length)
            {
                // The numbers of a stream are the same however many are asked for. More blocks than these are drawn only where blocks
                // overlap a lot.
                draws = new float[(block + BlocksAtOnce) * DrawsOfBlock];
                SeededRandom.Uniforms(seed, stream, draws);
            }
            ReadOnlySpan<float> draw = draws.AsSpan(block * DrawsOfBlock, DrawsOfBlock);
            int rows = Size(draw[0], height), columns = Size(draw[1], width);
            int top = (int)(draw[2] * (height + rows - 1)) - rows + 1, left = (int)(draw[3] * (width + columns - 1)) - columns + 1;
            for (int i = 0; i < rows * columns && count < wanted; i++)
            {
                (int row, int column) = (top + (i / columns), left + (i % columns));
                if (row < 0 || row >= height || column < 0 || column >= width || masked[(row * width) + column])
                    continue;
                masked[(row * width) + column] = true;
                count++;
            }
        }
        return [.. Enumerable.Range(0, positions).Where(position => masked[position])];

        int Size(float draw, int most) => Math.Min(most, sizes.Min + (int)(draw * (sizes.Max - sizes.Min + 1)));
    }
}
