using Microsoft.ML.VqVae.Samples.Video;

namespace Microsoft.ML.VqVae.Tests.Samples.Video;

/// <summary>Frames that are made of moved blocks of the one before.</summary>
[TestClass]
public sealed class MovedBlocksTests
{
    const int Side = 28;

    static float[] Noise(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 3 * Side * Side).Select(_ => (float)random.Next(256))];
    }

    [TestMethod]
    public void The_motion_of_a_whole_frame_is_found_in_each_block_that_shows_no_new_content()
    {
        float[] from = Noise(1);
        float[] frame = CodeStability.Move(from, Side, pixels: 3);
        Displacement[] displacements = MovedBlocks.BestMatches(from, frame, Side);
        Assert.HasCount(9, displacements);
        // The last column of blocks is of 4 pixels, of which 3 are repeated.
        foreach (int block in (int[])[0, 1, 3, 4, 6, 7])
            Assert.AreEqual(new Displacement(0, 3), displacements[block]);
        CollectionAssert.AreEqual(frame, MovedBlocks.Displaced(from, [.. Enumerable.Repeat(new Displacement(0, 3), 9)], Side));
    }

    [TestMethod]
    public void Each_block_moves_by_itself()
    {
        float[] from = Noise(2);
        Displacement[] displacements = [.. Enumerable.Range(0, 9).Select(block => new Displacement(block % 3 - 1, 2 * block - 8))];
        float[] frame = MovedBlocks.Displaced(from, displacements, Side);
        // Of 28 pixels, blocks of 12, 12 and 4; the pixel in row 13 and column 25 belongs to the sixth block, that comes from down 1 and right 2.
        Assert.AreEqual(from[14 * Side + 27], frame[13 * Side + 25]);
        // The last block comes from down 1 and right 8, beyond the edge: the last column is repeated.
        Assert.AreEqual(from[25 * Side + 27], frame[24 * Side + 24]);
        CollectionAssert.AreEqual(frame, MovedBlocks.Displaced(from, MovedBlocks.BestMatches(from, frame, Side), Side));
    }

    [TestMethod]
    public void Of_places_that_are_alike_the_nearest_is_taken()
    {
        float[] black = new float[3 * Side * Side];
        Assert.IsTrue(MovedBlocks.BestMatches(black, black, Side).All(displacement => displacement == default));
    }
}
