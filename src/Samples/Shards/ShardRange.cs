using System.Globalization;

namespace Microsoft.ML.VqVae.Samples.Shards;

/// <summary>One of several consecutive parts of the rows of a data set.</summary>
/// <param name="Number">The number of the shard, from 1.</param>
/// <param name="Count">Number of shards.</param>
internal readonly record struct ShardRange(int Number, int Count)
{
    /// <summary>Shards begin at a multiple of this number of rows, the default number of rows that a network processes at once: a network
    /// then sees the same batches in a shard as in a pass over all rows, so that scores are the same to the last bit.</summary>
    public const int RowsOfBatch = NetworkOptions.DefaultPredictionBatchSize;

    /// <summary>Reads a text such as <c>3/8</c>.</summary>
    /// <exception cref="DataSetException">It is not the number of a shard, from 1, and of all shards.</exception>
    public static ShardRange Parse(string text)
    {
        string[] parts = text.Split('/');
        if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out int number)
            || !int.TryParse(parts[1], NumberStyles.Integer, CultureInfo.InvariantCulture, out int count))
        {
            throw new DataSetException($"--shard is '{text}'; expected is the number of the shard and of all shards, as in 3/8.");
        }
        if (count < 1 || number < 1 || number > count)
        {
            throw new DataSetException($"--shard is '{text}', which is out of range: shards are numbered from 1 to their number"
                + (number == 0 && count > 0 ? $", 1/{count} to {count}/{count}. Add 1 to an index that starts at 0." : "."));
        }
        return new(number, count);
    }

    /// <summary>The first row, and the number of rows.</summary>
    public (long First, long Rows) Of(long totalRows)
    {
        Int128 batches = (totalRows + RowsOfBatch - 1) / RowsOfBatch;
        (long first, long end) = (StartOf(batches * (Number - 1) / Count), StartOf(batches * Number / Count));
        return (first, end - first);

        long StartOf(Int128 batch) => (long)Int128.Min(totalRows, batch * RowsOfBatch);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Count}");
}
