using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>Counts the codes of a stream of rows, a histogram for each codebook.</summary>
internal sealed class CodeStatistics
{
    readonly string _column;
    readonly long[][] _counts;

    public CodeStatistics(VectorDataViewType type, string column, bool separateCodebooks)
    {
        _column = column;
        CodesPerRow = type.Size;
        CodebookSize = checked((int)((KeyDataViewType)type.ItemType).Count);
        // The codes of a position lie next to each other: the last dimension tells how many books take turns.
        int books = separateCodebooks ? type.Dimensions[^1] : 1;
        _counts = [.. Enumerable.Range(0, books).Select(_ => new long[CodebookSize])];
    }

    public long Rows { get; private set; }

    public int CodesPerRow { get; }

    public int CodebookSize { get; }

    public double Usage => _counts.Sum(book => book.Count(count => count > 0)) / ((double)_counts.Length * CodebookSize);

    public double Perplexity => Math.Exp(_counts.Average(Entropy));

    public IReadOnlyList<long> PooledCounts => [.. Enumerable.Range(0, CodebookSize).Select(code => _counts.Sum(book => book[code]))];

    public void Add(in VBuffer<uint> codes, long row)
    {
        // Keys start at 1 and 0 is a missing one, so a sparse vector, which leaves zeros out, has missing codes too.
        ReadOnlySpan<uint> keys = codes.GetValues();
        if (!codes.IsDense || keys.Length != CodesPerRow)
            throw MissingCode(row);
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] == 0 || keys[i] > CodebookSize)
                throw MissingCode(row);
            _counts[i % _counts.Length][keys[i] - 1]++;
        }
        Rows++;
    }

    static double Entropy(long[] counts)
    {
        double total = counts.Sum();
        return -counts.Where(count => count > 0).Sum(count => count / total * Math.Log(count / total));
    }

    InvalidOperationException MissingCode(long row) =>
        new($"Row {row} of the codes column '{_column}' does not hold {CodesPerRow} codes from 1 to {CodebookSize}: "
            + "one is missing or out of range.");
}
