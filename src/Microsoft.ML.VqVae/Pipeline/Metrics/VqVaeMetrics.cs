using System.Globalization;
using System.Text;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The metrics of a codec: reconstruction error, codebook usage and bits, for all rows of a data view.</summary>
/// <remarks>
/// All metrics are computed over the whole data view, not averaged over batches: the perplexity of a batch is bounded by the size of the
/// batch, and its mean says little about the codebook usage of a data set. Errors and variances are in squared units of the input column.
/// </remarks>
public sealed class VqVaeMetrics
{
    /// <summary>The default peak value of a pixel: 255, as in the output of ExtractPixels by default.</summary>
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

    /// <summary>Number of rows.</summary>
    public long RowCount { get; }

    /// <summary>D: number of values in a row of the input, height × width × channels. Images (MLImage) have the channels of the codec, which
    /// of a gray one is the brightness.</summary>
    public int ValuesPerRow { get; }

    /// <summary>N: number of codes in a row.</summary>
    public int CodesPerRow { get; }

    /// <summary>K: number of codes in the codebook.</summary>
    public int CodebookSize { get; }

    /// <summary>The mean squared error between input and reconstruction, over all values of all rows.</summary>
    public double MeanSquaredError { get; }

    /// <summary>The variance of all values of all rows of the input around their mean (divided by their number).</summary>
    public double DataVariance { get; }

    /// <summary>
    /// <see cref="MeanSquaredError"/> divided by <see cref="DataVariance"/>: 0 for a perfect reconstruction, 1 for a constant image of the
    /// mean value. NaN or infinity if the input is constant.
    /// </summary>
    public double NormalizedMeanSquaredError => MeanSquaredError / DataVariance;

    /// <summary>10·log10(peak² / <see cref="MeanSquaredError"/>) in decibels; positive infinity for a perfect reconstruction.</summary>
    public double PeakSignalToNoiseRatio { get; }

    /// <summary>The fraction of the K codes that occur at least once, 0 to 1; with separate codebooks, of the codes of all
    /// codebooks.</summary>
    public double CodebookUsage { get; }

    /// <summary>
    /// The perplexity exp(H) of the distribution of codes: 1 if only one code is used, K if all K codes are used equally often. With
    /// separate codebooks, the entropy H is the mean over the codebooks, so that the perplexity remains comparable with K.
    /// </summary>
    public double Perplexity { get; }

    /// <summary>
    /// N·log2(K) / D: the bits of the codes under a uniform prior, per value of the input. A prior trained on the codes takes fewer
    /// bits.
    /// </summary>
    public double BitsPerDimension => CodesPerRow * UniformBitsPerCode / ValuesPerRow;

    /// <summary>log2(K): the bits per code under a uniform prior.</summary>
    public double UniformBitsPerCode => Math.Log2(CodebookSize);

    /// <summary>The bits per code under a trained prior: the mean of the prior's column divided by N; null without a prior.</summary>
    public double? PriorBitsPerCode { get; }

    /// <summary>The bits of the codes under a trained prior, per value of the input; null without a prior.</summary>
    public double? PriorBitsPerDimension => PriorBitsPerCode * CodesPerRow / ValuesPerRow;

    /// <summary>−log2 p(x|z), in bits per value of the input; null if the codec has no likelihood.</summary>
    public double? ReconstructionBitsPerDimension { get; }

    /// <summary>
    /// The sum of <see cref="ReconstructionBitsPerDimension"/> and the bits of the codes under the prior, or under a uniform one if there
    /// is none: an upper bound of −log2 p(x) in bits per value of the input (section 4.1 of arXiv 1711.00937). Null if the codec has no
    /// likelihood.
    /// </summary>
    public double? TotalBitsPerDimension => ReconstructionBitsPerDimension + (PriorBitsPerDimension ?? BitsPerDimension);

    /// <summary>Number of occurrences of each of the K codes, over all positions and, with separate codebooks, over all
    /// codebooks.</summary>
    public IReadOnlyList<long> CodeCounts { get; }

    /// <summary>The metrics as text.</summary>
    /// <returns>A line for the reconstruction, a line for the codes and, if they are known, a line for the bits.</returns>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Reconstruction of {RowCount:N0} rows of {ValuesPerRow:N0} values: ");
        text.Append(CultureInfo.InvariantCulture, $"mean squared error {MeanSquaredError:G4} ");
        text.Append(CultureInfo.InvariantCulture, $"({NormalizedMeanSquaredError:G3} of the variance), ");
        text.Append(CultureInfo.InvariantCulture, $"PSNR {PeakSignalToNoiseRatio:F1} dB\n");
        text.Append(CultureInfo.InvariantCulture, $"Codes, {CodesPerRow} per row of {CodebookSize}: {CodebookUsage:P1} used, ");
        text.Append(CultureInfo.InvariantCulture, $"perplexity {Perplexity:F1}, {BitsPerDimension:G3} bits per value");
        if (PriorBitsPerCode is double prior)
            text.Append(CultureInfo.InvariantCulture, $"\nPrior: {prior:G3} bits per code, {PriorBitsPerDimension:G3} per value");
        if (ReconstructionBitsPerDimension is double reconstruction)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"\nBits per value: {reconstruction:G4} given the codes, {TotalBitsPerDimension:G4} in all");
        }
        return text.ToString();
    }

    /// <summary>Evaluates a codec in one pass over the rows.</summary>
    /// <param name="data">The output of an <see cref="ImageVqVaeTransformer"/> with a reconstruction column.</param>
    /// <param name="codesColumnName">
    /// The column of codes: a known-sized vector of <c>Key&lt;UInt32, K&gt;</c>, for images [h, w, codes per position].
    /// </param>
    /// <param name="inputColumnName">The column that was encoded: a known-sized vector of <see cref="float"/> or <see cref="byte"/>, or an
    /// image.</param>
    /// <param name="reconstructionColumnName">The column of reconstructions, of the size and layout of the input. For an input of <see cref="byte"/>
    /// it is of <see cref="float"/> from 0 to 255, as of a codec with the default ImageOffset and ImageScale.</param>
    /// <param name="peak">The maximum value of the input, for the PSNR: 255 by default, 1 for pixels scaled to the range 0 to 1.</param>
    /// <param name="separateCodebooks">
    /// Whether each code of a position has its own codebook. The number of codebooks is the last dimension of the codes column.
    /// </param>
    /// <param name="priorBitsColumnName">The column of −log2 p of the codes of a row, in bits, added by a <see cref="PriorTransformer"/>: a
    /// <see cref="float"/>; null, the default, for none.</param>
    /// <param name="reconstructionBitsColumnName">The column of −log2 p of the input given the codes, in bits: a <see cref="float"/>; null,
    /// the default, for none.</param>
    /// <returns>The metrics.</returns>
    /// <exception cref="ArgumentException">A column is missing or has an unsuitable type, or the peak is not a positive number.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, or a row holds a missing code, NaN or infinity.</exception>
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
        ValueGetter<VBuffer<uint>> getCodes = cursor.GetGetter<VBuffer<uint>>(columns.Codes);
        // A codec of gray images reads the brightness of their pixels, and its bits are those of one value each.
        int channels = PixelColumns.ChannelsOf(columns.Reconstruction);
        Func<ReadOnlyMemory<float>> getInput = RowNumbers.GetterOf(cursor, columns.Input, channels);
        Func<ReadOnlyMemory<float>> getReconstruction = RowNumbers.GetterOf(cursor, columns.Reconstruction, channels);
        VBuffer<uint> codeBuffer = default;
        while (UnreadableRow.MoveNext(cursor))
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
