namespace Microsoft.ML.VqVae;

/// <summary>The mean and the standard deviation of each channel of sequences.</summary>
internal static class ChannelStatistics
{
    /// <summary>The statistics over all positions; a channel that never changes has a deviation of 1.</summary>
    /// <param name="rows">The sequences, position by position.</param>
    /// <param name="channels">Number of values of a position.</param>
    public static (float[] Means, float[] Deviations) Of(IReadOnlyList<ReadOnlyMemory<float>> rows, int channels)
    {
        double[] means = Average(rows, channels, (value, _) => value);
        double[] variances = Average(rows, channels, (value, channel) => (value - means[channel]) * (value - means[channel]));
        float[] deviations = [.. variances.Select(variance => (float)Math.Sqrt(variance))];
        return ([.. means.Select(mean => (float)mean)], [.. deviations.Select(deviation => deviation > 0 ? deviation : 1)]);
    }

    static double[] Average(IReadOnlyList<ReadOnlyMemory<float>> rows, int channels, Func<double, int, double> term)
    {
        double[] sums = new double[channels];
        long positions = 0;
        foreach (ReadOnlyMemory<float> row in rows)
        {
            ReadOnlySpan<float> values = row.Span;
            for (int i = 0; i < values.Length; i++)
                sums[i % channels] += term(values[i], i % channels);
            positions += values.Length / channels;
        }
        return [.. sums.Select(sum => sum / positions)];
    }
}
