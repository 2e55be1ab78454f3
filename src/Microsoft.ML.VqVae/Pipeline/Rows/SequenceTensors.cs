using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Sequences of unequal length as the tensors of a batch.</summary>
internal static class SequenceTensors
{
    /// <summary>Parts of [T, C] arrays, given by first time and number of times, as [B, C, length], zero beyond.</summary>
    public static Tensor Values(IReadOnlyList<(ReadOnlyMemory<float> Values, int Start, int Length)> parts, int channels, int length)
    {
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
