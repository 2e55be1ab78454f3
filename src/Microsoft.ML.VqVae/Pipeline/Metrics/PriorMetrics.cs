using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The metrics of a prior over codes, for all rows of a data view.</summary>
public sealed class PriorMetrics
{
    PriorMetrics(long rows, long codes, int codebookSize, double bitsPerRow)
    {
        (RowCount, CodeCount, CodebookSize) = (rows, codes, codebookSize);
        (BitsPerRow, BitsPerCode) = (bitsPerRow, bitsPerRow * rows / codes);
    }

    /// <summary>Number of rows.</summary>
    public long RowCount { get; }

    /// <summary>Number of codes in all rows.</summary>
    public long CodeCount { get; }

    /// <summary>K: number of keys of the column of codes. A column that was read from text has keys for those codes only that
    /// occur.</summary>
    public int CodebookSize { get; }

    /// <summary>The mean of −log2 p(codes) over the rows, in bits.</summary>
    public double BitsPerRow { get; }

    /// <summary>The mean of −log2 p over the codes of all rows, in bits per code.</summary>
    public double BitsPerCode { get; }

    /// <summary>log2(K): the bits per code under a uniform distribution.</summary>
    public double UniformBitsPerCode => Math.Log2(CodebookSize);

    /// <summary>The metrics as a line of text.</summary>
    /// <returns>For example <c>Prior on 1,000 rows, 49,000 codes of 512: 3.4 bits per code (9 under a uniform distribution), 166.6 bits per
    /// row</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"Prior on {RowCount:N0} rows, {CodeCount:N0} codes of {CodebookSize}: {BitsPerCode:G4} bits per code ")
        + string.Create(
            CultureInfo.InvariantCulture, $"({UniformBitsPerCode:G4} under a uniform distribution), {BitsPerRow:G4} bits per row");

    /// <summary>Evaluates a prior in one pass over the rows.</summary>
    /// <param name="data">The output of a <see cref="PriorTransformer"/>.</param>
    /// <param name="codesColumnName">The column of codes: a vector of <c>Key&lt;UInt32, K&gt;</c> of known or variable size.</param>
    /// <param name="bitsColumnName">The column of −log2 p of the codes of a row, in bits: a <see cref="float"/>.</param>
    /// <returns>The metrics.</returns>
    /// <exception cref="ArgumentException">A column is missing or has an unsuitable type.</exception>
    /// <exception cref="InvalidOperationException">There are no codes, or the bits of a row are NaN or infinite.</exception>
    public static PriorMetrics Evaluate(IDataView data, string codesColumnName, string bitsColumnName)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(codesColumnName);
        ArgumentException.ThrowIfNullOrEmpty(bitsColumnName);
        BitStatistics bits = BitStatistics.For(data.Schema, "bits", bitsColumnName)!;
        DataViewSchema.Column codes = EvaluatedColumns.Find(data.Schema, "codes", codesColumnName, nameof(codesColumnName));
        if (codes.Type is not VectorDataViewType { ItemType: KeyDataViewType key } || key.RawType != typeof(uint))
        {
            throw new ArgumentException(
                $"The codes column '{codesColumnName}' has the type {codes.Type}; expected is a vector of Key<UInt32, K>.",
                nameof(codesColumnName));
        }

        long rows = 0, count = 0;
        VBuffer<uint> row = default;
        using DataViewRowCursor cursor = data.GetRowCursor([codes, .. BitStatistics.Columns(bits)]);
        ValueGetter<VBuffer<uint>> getCodes = cursor.GetGetter<VBuffer<uint>>(codes);
        bits.Bind(cursor);
        while (UnreadableRow.MoveNext(cursor))
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
