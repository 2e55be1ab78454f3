using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Codecs;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Rows;

/// <summary>Lays utterances of unequal length side by side.</summary>
internal static class AudioTensors
{
    /// <summary>Whole utterances: inputs [B, C, T], filled up with zeros to the longest and to whole codes, lengths Int64 [B], and statistics
    /// [B, 2, C].</summary>
    public static (Tensor Inputs, Tensor Lengths, Tensor Statistics) Pack(IReadOnlyList<AudioFeatures> features, int channels, int perCode)
    {
        int length = RoundUp(features.Max(item => item.Length), perCode);
        Tensor inputs = Values([.. features.Select(item => (item.Values, 0, item.Length))], channels, length);
        Tensor statistics = Statistics([.. features.Select(item => (item.Means, item.Deviations))], channels);
        return (inputs, tensor(features.Select(item => (long)item.Length).ToArray()), statistics);
    }

    /// <summary>Parts of [T, C] arrays, from a time on and so many times long, as [B, C, length], zero beyond.</summary>
    public static Tensor Values(IReadOnlyList<(float[] Values, int Start, int Length)> parts, int channels, int length)
    {
        Tensor tensor = zeros([parts.Count, channels, length], dtype: ScalarType.Float32);
        Span<float> all = MemoryMarshal.Cast<byte, float>(tensor.bytes);
        for (int row = 0; row < parts.Count; row++)
        {
            (float[] values, int start, int real) = parts[row];
            Span<float> to = all.Slice(row * channels * length, channels * length);
            ReadOnlySpan<float> from = values.AsSpan(start * channels, real * channels);
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

    /// <summary>Means and deviations as [B, 2, C].</summary>
    public static Tensor Statistics(IReadOnlyList<(float[] Means, float[] Deviations)> statistics, int channels) => tensor(
        statistics.SelectMany(item => item.Means.Concat(item.Deviations)).ToArray(), [statistics.Count, 2, channels]);

    /// <summary>At least one code's worth.</summary>
    public static int RoundUp(int length, int perCode) => Math.Max(1, (length + perCode - 1) / perCode) * perCode;
}
