using System.Globalization;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Sequences of unequal length as the tensors of a batch.</summary>
internal static class SequenceTensors
{
    /// <summary>Parts of [T, C] arrays, given by first time and number of times, as [B, C, length], zero beyond.</summary>
    /// <exception cref="InvalidOperationException">They are more values than a tensor is written with at once.</exception>
    public static Tensor Values(IReadOnlyList<(ReadOnlyMemory<float> Values, int Start, int Length)> parts, int channels, int length)
    {
        const int MaxValues = int.MaxValue / sizeof(float);
        if (length > MaxValues / channels / parts.Count)
        {
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                $"Rows or crops of {length} time steps of {channels} values, {parts.Count} at once, are too long: expected are at most "
                + $"{MaxValues} values. Cut rows into shorter ones, or train with a shorter CropLength or a smaller BatchSize."));
        }
        Tensor tensor = zeros([parts.Count, channels, length], dtype: ScalarType.Float32);
        Span<float> all = MemoryMarshal.Cast<byte, float>(tensor.bytes);
        for (int row = 0; row < parts.Count; row++)
        {
            (ReadOnlyMemory<float> values, int start, int real) = parts[row];
            Span<float> to = all.Slice(row * channels * length, channels * length);
            ReadOnlySpan<float> from = values.Span.Slice(start * channels, real * channels);
            if (channels == 1)
            {
                from.CopyTo(to);
                continue;
            }
            for (int time = 0; time < real; time++)
            {
                for (int channel = 0; channel < channels; channel++)
                    to[channel * length + time] = from[time * channels + channel];
            }
        }
        return tensor;
    }

    /// <summary>The length in whole codes, at least one.</summary>
    public static int RoundUp(int length, int perCode) => Math.Max(1, (length + perCode - 1) / perCode) * perCode;
}

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
