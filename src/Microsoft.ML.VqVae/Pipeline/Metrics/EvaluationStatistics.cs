using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The histogram of the codes of a stream of rows, per codebook.</summary>
internal sealed class CodeStatistics
{
    readonly string _column;
    readonly long[][] _counts;

    public CodeStatistics(VectorDataViewType type, string column, bool separateCodebooks)
    {
        _column = column;
        CodesPerRow = type.Size;
        CodebookSize = checked((int)((KeyDataViewType)type.ItemType).Count);
        // The codes of a position are adjacent: the last dimension is the number of codebooks, which alternate.
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
        // Keys start at 1, and 0 is a missing one: a sparse vector, which omits zeros, has missing codes.
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

/// <summary>
/// The squared error and the variance of a stream of rows. Each row is summed in double precision around its own mean and merged into the
/// running moments (Chan, Golub and LeVeque 1979), so that large offsets and long streams do not lose precision.
/// </summary>
internal sealed class ReconstructionStatistics(string inputColumn, string reconstructionColumn)
{
    long _count;
    double _mean;
    double _squaredDeviations;

    public int ValuesPerRow { get; private set; }

    public double MeanSquaredError { get; private set; }

    public double Variance => _squaredDeviations / _count;

    public void Add(ReadOnlySpan<float> input, ReadOnlySpan<float> reconstruction, long row)
    {
        if (ValuesPerRow == 0)
            ValuesPerRow = input.Length;
        if (input.Length != ValuesPerRow || reconstruction.Length != ValuesPerRow || input.IsEmpty)
            throw new InvalidOperationException(
                $"Row {row} has {input.Length} values in '{inputColumn}' and {reconstruction.Length} in '{reconstructionColumn}'; "
                + $"the first row has {ValuesPerRow}. All rows need the same size, above 0.");

        double sum = 0, squaredError = 0;
        for (int i = 0; i < input.Length; i++)
        {
            double error = (double)input[i] - reconstruction[i];
            sum += input[i];
            squaredError += error * error;
        }
        if (!double.IsFinite(sum))
            throw NoNumber(inputColumn, row);
        if (!double.IsFinite(squaredError))
            throw NoNumber(reconstructionColumn, row);
        double rowMean = sum / input.Length, rowDeviations = 0;
        foreach (float value in input)
            rowDeviations += (value - rowMean) * (value - rowMean);

        long merged = _count + input.Length;
        double difference = rowMean - _mean, weight = (double)input.Length / merged;
        _squaredDeviations += rowDeviations + difference * difference * _count * weight;
        _mean += difference * weight;
        MeanSquaredError += (squaredError / input.Length - MeanSquaredError) * weight;
        _count = merged;
    }

    static InvalidOperationException NoNumber(string column, long row) =>
        new($"Row {row} of the column '{column}' holds a missing or infinite value; every value has to be a finite number.");
}

/// <summary>The mean of a column of bits.</summary>
internal sealed class BitStatistics
{
    readonly DataViewSchema.Column _column;
    readonly string _role;
    DataViewRow? _row;
    ValueGetter<float>? _getter;
    double _sum;
    long _rows;

    BitStatistics(DataViewSchema.Column column, string role) => (_column, _role) = (column, role);

    public double Mean => _sum / _rows;

    /// <summary>Finds the column; null if none is named.</summary>
    public static BitStatistics? For(DataViewSchema schema, string role, string? name)
    {
        if (name is null)
            return null;
        DataViewSchema.Column column = EvaluatedColumns.Find(
            schema, role, name, parameter: null, "Name one of these, or null for none.");
        return column.Type == NumberDataViewType.Single ? new BitStatistics(column, role)
            : throw new ArgumentException($"The {role} column '{name}' has the type {column.Type}; expected is Single.");
    }

    public static IEnumerable<DataViewSchema.Column> Columns(params IEnumerable<BitStatistics?> statistics) =>
        statistics.OfType<BitStatistics>().Select(one => one._column);

    public void Bind(DataViewRow row) => (_row, _getter) = (row, row.GetGetter<float>(_column));

    /// <summary>Adds the current row.</summary>
    public void Add()
    {
        float bits = 0;
        _getter!(ref bits);
        if (!float.IsFinite(bits))
            throw new InvalidOperationException($"Row {_row!.Position} of the {_role} column '{_column.Name}' holds {bits}, no finite number.");
        _sum += bits;
        _rows++;
    }
}
