using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>How well a codec's codes describe the data, measured over every row of a data view.</summary>
/// <remarks>
/// All figures are those of the whole view, never means over batches: the perplexity of a batch is bounded by the batch, and its mean
/// says little about how much of the codebook a data set uses. Errors and variances are in the squared units of the input column.
/// </remarks>
public sealed class VqVaeMetrics
{
    /// <summary>The largest value that a pixel can take where nothing else is said: 255, what ExtractPixels gives by default.</summary>
    public const double DefaultPeak = 255;

    internal VqVaeMetrics(
        ReconstructionStatistics reconstruction, CodeStatistics codes, BitStatistics? priorBits, BitStatistics? reconstructionBits, double peak)
    {
        RowCount = codes.Rows;
        ValuesPerRow = reconstruction.ValuesPerRow;
        CodesPerRow = codes.CodesPerRow;
        CodebookSize = codes.CodebookSize;
        MeanSquaredError = reconstruction.MeanSquaredError;
        DataVariance = reconstruction.Variance;
        PeakSignalToNoiseRatio = 10 * Math.Log10(peak * peak / MeanSquaredError);
        CodebookUsage = codes.Usage;
        Perplexity = codes.Perplexity;
        CodeCounts = codes.PooledCounts;
        PriorBitsPerCode = priorBits?.Mean / CodesPerRow;
        ReconstructionBitsPerDimension = reconstructionBits?.Mean / ValuesPerRow;
    }

    /// <summary>The number of rows that were measured.</summary>
    public long RowCount { get; }

    /// <summary>D, the number of values in one row of the input: height × width × channels.</summary>
    public int ValuesPerRow { get; }

    /// <summary>N, the number of codes in one row.</summary>
    public int CodesPerRow { get; }

    /// <summary>K, the number of codes in the codebook.</summary>
    public int CodebookSize { get; }

    /// <summary>The squared difference between input and reconstruction, averaged over all values of all rows.</summary>
    public double MeanSquaredError { get; }

    /// <summary>The variance of the input around one mean, over all values of all rows (divided by their number).</summary>
    public double DataVariance { get; }

    /// <summary>
    /// <see cref="MeanSquaredError"/> over <see cref="DataVariance"/>: 0 is a perfect copy, 1 what the mean grey alone would reach.
    /// NaN or infinity where the input never varies.
    /// </summary>
    public double NormalizedMeanSquaredError => MeanSquaredError / DataVariance;

    /// <summary>10·log10(peak² / <see cref="MeanSquaredError"/>) in decibels; positive infinity for a perfect copy.</summary>
    public double PeakSignalToNoiseRatio { get; }

    /// <summary>The share of the K codes that occur at least once, 0 to 1; with separate codebooks, of all codes of all books.</summary>
    public double CodebookUsage { get; }

    /// <summary>
    /// exp(H) of the distribution of codes over the whole view: 1 where one code does everything, K where all K are used equally.
    /// With separate codebooks the entropy H is the mean over the books, so that the figure stays comparable with K.
    /// </summary>
    public double Perplexity { get; }

    /// <summary>
    /// N·log2(K) / D: what a row's codes cost under a uniform prior, in bits for each value of the input. A prior that was learned over the
    /// codes makes it smaller.
    /// </summary>
    public double BitsPerDimension => CodesPerRow * UniformBitsPerCode / ValuesPerRow;

    /// <summary>log2(K): what a code costs where all are held equally likely.</summary>
    public double UniformBitsPerCode => Math.Log2(CodebookSize);

    /// <summary>What a code costs under the prior that was learned over the codes, in bits: the mean of its column over N; null without
    /// one.</summary>
    public double? PriorBitsPerCode { get; }

    /// <summary><see cref="BitsPerDimension"/> under the prior that was learned; null without one.</summary>
    public double? PriorBitsPerDimension => PriorBitsPerCode * CodesPerRow / ValuesPerRow;

    /// <summary>−log2 p of the input given its codes, in bits for each of its values; null where the codec has no likelihood.</summary>
    public double? ReconstructionBitsPerDimension { get; }

    /// <summary>
    /// <see cref="ReconstructionBitsPerDimension"/> and what the codes cost, under the prior where there is one and a uniform one
    /// otherwise: an upper bound of −log2 p of the input for each of its values (section 4.1 of the paper). Null where the codec has no
    /// likelihood.
    /// </summary>
    public double? TotalBitsPerDimension => ReconstructionBitsPerDimension + (PriorBitsPerDimension ?? BitsPerDimension);

    /// <summary>How often each of the K codes occurred, over all positions (and, with separate codebooks, over all books).</summary>
    public IReadOnlyList<long> CodeCounts { get; }

    /// <summary>Measures in one pass over the rows.</summary>
    /// <param name="data">What a <c>ImageVqVaeTransformer</c> made, with its reconstruction column.</param>
    /// <param name="codesColumnName">
    /// The codes: a vector of known size of <c>Key&lt;UInt32, K&gt;</c>, for images h × w × codes per position.
    /// </param>
    /// <param name="inputColumnName">What was encoded: a vector of <see cref="float"/> of known size, or an image.</param>
    /// <param name="reconstructionColumnName">What was decoded: of the same kind, size and order as the input.</param>
    /// <param name="peak">The largest value that the input can take, for the PSNR; 255 by default, 1 for pixels scaled to 0…1.</param>
    /// <param name="separateCodebooks">
    /// Whether each of the codes at a position has a codebook of its own. Their number is the last dimension of the codes column's type.
    /// </param>
    /// <param name="priorBitsColumnName">What the codes of a row cost under a prior, as a <c>PriorTransformer</c> adds it: a
    /// <see cref="float"/>; null, the default, for none.</param>
    /// <param name="reconstructionBitsColumnName">−log2 p of a row's input given its codes, a <see cref="float"/>; null, the default, where
    /// the codec has no likelihood.</param>
    /// <exception cref="ArgumentException">A column is missing or of another type, or the peak is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">The view has no rows, or a row holds a missing code or no finite number.</exception>
    public static VqVaeMetrics Evaluate(
        IDataView data,
        string codesColumnName,
        string inputColumnName,
        string reconstructionColumnName,
        double peak = DefaultPeak,
        bool separateCodebooks = false,
        string? priorBitsColumnName = null,
        string? reconstructionBitsColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (!(peak > 0) || double.IsInfinity(peak))
            throw new ArgumentOutOfRangeException(nameof(peak), peak, "The peak is the largest value of the input: a positive number.");

        var columns = new EvaluatedColumns(data.Schema, codesColumnName, inputColumnName, reconstructionColumnName);
        var reconstruction = new ReconstructionStatistics(inputColumnName, reconstructionColumnName);
        var codes = new CodeStatistics(columns.CodesType, codesColumnName, separateCodebooks);

        BitStatistics? priorBits = BitStatistics.For(data.Schema, "prior bits", priorBitsColumnName);
        BitStatistics? reconstructionBits = BitStatistics.For(data.Schema, "reconstruction bits", reconstructionBitsColumnName);

        using DataViewRowCursor cursor = data.GetRowCursor(
        [
            columns.Codes, columns.Input, columns.Reconstruction, .. BitStatistics.Columns(priorBits, reconstructionBits),
        ]);
        priorBits?.Bind(cursor);
        reconstructionBits?.Bind(cursor);
        var getCodes = cursor.GetGetter<VBuffer<uint>>(columns.Codes);
        Func<ReadOnlyMemory<float>> getInput = RowNumbers.GetterOf(cursor, columns.Input);
        Func<ReadOnlyMemory<float>> getReconstruction = RowNumbers.GetterOf(cursor, columns.Reconstruction);
        VBuffer<uint> codeBuffer = default;
        while (cursor.MoveNext())
        {
            getCodes(ref codeBuffer);
            codes.Add(codeBuffer, cursor.Position);
            reconstruction.Add(getInput().Span, getReconstruction().Span, cursor.Position);
            priorBits?.Add();
            reconstructionBits?.Add();
        }

        if (codes.Rows == 0)
            throw new InvalidOperationException("The data view has no rows, so there is nothing to evaluate.");
        return new VqVaeMetrics(reconstruction, codes, priorBits, reconstructionBits, peak);
    }
}
