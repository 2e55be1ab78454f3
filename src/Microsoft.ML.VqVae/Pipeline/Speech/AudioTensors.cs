using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Lays utterances of unequal length side by side.</summary>
internal static class AudioTensors
{
    /// <summary>Whole utterances: inputs [B, C, T], filled up with zeros to the longest and to whole codes, lengths Int64 [B], and by
    /// what each is normalised [B, 1 + C, C].</summary>
    public static (Tensor Inputs, Tensor Lengths, Tensor Normalisers) Pack(IReadOnlyList<AudioFeatures> features, AudioVqVae network)
    {
        int length = RoundUp(features.Max(item => item.Length), network.ValuesPerCode);
        Tensor inputs = Values([.. features.Select(item => (item.Values, 0, item.Length))], network.Channels, length);
        Tensor normalisers = Normalisers([.. features.Select(item => network.NormaliserOf(item))], network.Channels);
        return (inputs, tensor(features.Select(item => (long)item.Length).ToArray()), normalisers);
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

    /// <summary>Normalisers as [B, 1 + C, C].</summary>
    public static Tensor Normalisers(IReadOnlyList<float[]> normalisers, int channels) =>
        tensor(normalisers.SelectMany(item => item).ToArray(), [normalisers.Count, 1 + channels, channels]);

    /// <summary>At least one code's worth.</summary>
    public static int RoundUp(int length, int perCode) => Math.Max(1, (length + perCode - 1) / perCode) * perCode;
}
