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
    public void Rows_come_back_as_they_were(long? expected, long limit, int count, long inMemory, long inFile)
    {
        using var rows = new RowChunks<float>(Length, expected, limit, chunkBytes: 3 * Length * sizeof(float));
        for (int row = 0; row < count; row++)
        {
            Span<float> values = rows.Append();
            for (int i = 0; i < Length; i++)
                values[i] = 10f * row + i;
        }
        Assert.AreEqual(count, rows.Count);
        for (int row = count - 1; row >= 0; row--)
            CollectionAssert.AreEqual(Enumerable.Range(0, Length).Select(i => 10f * row + i).ToArray(), rows[row].ToArray());
        Assert.AreEqual((inMemory, inFile), (rows.BytesInMemory, rows.BytesInFile));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux | OperatingSystems.OSX)]
    public void No_file_is_left_even_where_the_process_is_killed()
    {
        string[] Files() => Directory.GetFiles(Path.GetTempPath(), "vqvae-*.data");
        string[] before = Files();
        using var rows = new RowChunks<byte>(Length, null, 0);
        rows.Append().Fill(7);
        Assert.IsEmpty(Files().Except(before));
        Assert.AreEqual(7, rows[0][Length - 1]);
    }
}
