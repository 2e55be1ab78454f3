using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>How well a prior foretells codes, measured over every row of a data view.</summary>
public sealed class PriorMetrics
{
    PriorMetrics(long rows, long codes, int codebookSize, double bitsPerRow)
    {
        (RowCount, CodeCount, CodebookSize) = (rows, codes, codebookSize);
        (BitsPerRow, BitsPerCode) = (bitsPerRow, bitsPerRow * rows / codes);
    }

    /// <summary>The number of rows that were measured.</summary>
    public long RowCount { get; }

    /// <summary>The number of codes in all rows.</summary>
    public long CodeCount { get; }

    /// <summary>K, the number of codes in the codebook.</summary>
    public int CodebookSize { get; }

    /// <summary>The mean of −log2 p over the rows.</summary>
    public double BitsPerRow { get; }

    /// <summary>The mean of −log2 p over the codes; rows count by their length.</summary>
    public double BitsPerCode { get; }

    /// <summary>log2(K): what a code costs where all are held equally likely.</summary>
    public double UniformBitsPerCode => Math.Log2(CodebookSize);

    /// <summary>Measures in one pass over the rows.</summary>
    /// <param name="data">What a <c>PriorTransformer</c> made.</param>
    /// <param name="codesColumnName">The codes: a vector of <c>Key&lt;UInt32, K&gt;</c> of known or variable size.</param>
    /// <param name="bitsColumnName">What the codes of a row cost: a <see cref="float"/>.</param>
    /// <exception cref="ArgumentException">A column is missing or of another type.</exception>
    /// <exception cref="InvalidOperationException">The view has no rows, or a row's bits are no finite number.</exception>
    public static PriorMetrics Evaluate(IDataView data, string codesColumnName, string bitsColumnName)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        ArgumentException.ThrowIfNullOrEmpty(bitsColumnName);
        BitStatistics bits = BitStatistics.For(data.Schema, "bits", bitsColumnName)!;
        DataViewSchema.Column codes = data.Schema.GetColumnOrNull(codesColumnName) ?? throw new ArgumentException(
            $"The codes column '{codesColumnName}' is not in the data view, which has "
            + $"{string.Join(", ", data.Schema.Select(other => $"'{other.Name}'"))}. Name one of these.", nameof(codesColumnName));
        if (codes.Type is not VectorDataViewType { ItemType: KeyDataViewType key } || key.RawType != typeof(uint))
        {
            throw new ArgumentException(
                $"The codes column '{codesColumnName}' has the type {codes.Type}; expected is a vector of Key<UInt32, K>.",
                nameof(codesColumnName));
        }

        long rows = 0, count = 0;
        VBuffer<uint> row = default;
        using DataViewRowCursor cursor = data.GetRowCursor([codes, .. BitStatistics.Columns(bits)]);
        var getCodes = cursor.GetGetter<VBuffer<uint>>(codes);
        bits.Bind(cursor);
        while (cursor.MoveNext())
        {
            getCodes(ref row);
            count += row.Length;
            rows++;
            bits.Add();
        }
        return count > 0 ? new PriorMetrics(rows, count, checked((int)key.Count), bits.Mean)
            : throw new InvalidOperationException("The data view has no codes, so there is nothing to evaluate.");
    }
}
