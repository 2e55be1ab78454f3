namespace Microsoft.ML.VqVae.Tests.Rows;

/// <summary>Rows come back from memory and from temporary files, however many were expected.</summary>
[TestClass]
public class RowChunksTests
{
    const int Length = 5;

    [TestMethod]
    // Chunks of three rows.
    [DataRow(null, long.MaxValue, 8, 180L, 0L)]
    [DataRow(null, 0L, 8, 0L, 180L)]
    [DataRow(null, 60L, 8, 60L, 120L)]
    // The last chunk is as small as the number of rows lets it be, and grows where they are more.
    [DataRow(8L, 60L, 8, 60L, 100L)]
    [DataRow(7L, 0L, 8, 0L, 200L)]
    [DataRow(100L, long.MaxValue, 1, 60L, 0L)]
    public void Rows_come_back_as_they_were(long? expected, long limit, int count, long inMemory, long inFiles)
    {
        var memory = new DataMemory(limit);
        using var rows = new RowChunks<float>(Length, expected, memory, chunkBytes: 3 * Length * sizeof(float));
        for (int row = 0; row < count; row++)
        {
            Span<float> values = rows.Append();
            for (int i = 0; i < Length; i++)
                values[i] = 10f * row + i;
        }
        Assert.AreEqual(count, rows.Count);
        for (int row = count - 1; row >= 0; row--)
            CollectionAssert.AreEqual(Enumerable.Range(0, Length).Select(i => 10f * row + i).ToArray(), rows[row].ToArray());
        Assert.AreEqual((inMemory, inFiles), (memory.BytesInMemory, memory.BytesInFiles));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void No_file_is_left_even_where_the_process_is_killed()
    {
        string[] Files() => Directory.GetFiles(Path.GetTempPath(), "vqvae-*.data");
        string[] before = Files();
        using var rows = new RowChunks<byte>(Length, null, new DataMemory(0));
        rows.Append().Fill(7);
        Assert.IsEmpty(Files().Except(before));
        Assert.AreEqual(7, rows[0][Length - 1]);
    }

    [TestMethod]
    public void Values_are_kept_as_they_are_up_to_the_limit_and_copied_to_files_beyond()
    {
        using var memory = new DataMemory(limit: 6 * sizeof(float));
        float[] first = [1, 2, 3, 4], second = [5, 6, 7], third = [8, 9];
        ReadOnlyMemory<float>[] kept = [memory.Keep(first), memory.Keep(second), memory.Keep(third), memory.Keep(second)];
        first[0] = second[0] = third[0] = 0;
        CollectionAssert.AreEqual(
            (float[])[0, 2, 3, 4, 5, 6, 7, 0, 9, 5, 6, 7], kept.SelectMany(values => values.ToArray()).ToArray());
        Assert.AreEqual(6 * sizeof(float), memory.BytesInMemory);
        Assert.Contains("in temporary files", memory.ToString());
    }
}
