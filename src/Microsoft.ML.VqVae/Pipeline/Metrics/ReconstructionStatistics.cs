namespace Microsoft.ML.VqVae;

/// <summary>
/// The squared error and the variance of a stream of rows. Each row is summed in double precision around its own mean and merged into the
/// running moments (Chan, Golub and LeVeque 1979), so that neither a large offset nor a long stream eats the digits.
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
