using System.Buffers.Binary;
using System.Globalization;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>Between the bytes of an audio file and floats of -1 to 1.</summary>
internal static class WaveSamples
{
    public static int Bytes(WaveEncoding encoding) => encoding switch
    {
        WaveEncoding.Pcm8 or WaveEncoding.MuLaw => 1,
        WaveEncoding.Pcm16 => 2,
        WaveEncoding.Pcm24 => 3,
        WaveEncoding.Pcm32 or WaveEncoding.FloatingPoint => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "There is no such encoding."),
    };

    /// <summary>Decodes all bytes; returns the first sample that is not a finite number, or -1.</summary>
    public static int Decode(WaveEncoding encoding, ReadOnlySpan<byte> bytes, Span<float> samples)
    {
        switch (encoding)
        {
            case WaveEncoding.Pcm8:
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = (bytes[i] - 128) / 128f;
                break;
            case WaveEncoding.Pcm16:
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]) / 32768f;
                break;
            case WaveEncoding.Pcm24:
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = (bytes[3 * i] | bytes[3 * i + 1] << 8 | (sbyte)bytes[3 * i + 2] << 16) / 8388608f;
                break;
            case WaveEncoding.Pcm32:
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]) / 2147483648f;
                break;
            case WaveEncoding.MuLaw:
                for (int i = 0; i < samples.Length; i++)
                    samples[i] = MuLaw(bytes[i]) / 32768f;
                break;
            default:
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
                    if (!float.IsFinite(samples[i]))
                        return i;
                }
                break;
        }
        return -1;
    }

    // All bits are inverted; then they are a sign, three of an exponent, and four of a mantissa, of 14 bits at the scale of 16.
    static int MuLaw(byte stored)
    {
        int code = ~stored & 0xFF, magnitude = (((code & 0x0F) << 3) + 132 << (code >> 4 & 7)) - 132;
        return code >= 128 ? -magnitude : magnitude;
    }

    /// <summary>Encodes all samples; returns the number of bytes written.</summary>
    public static int Encode(WaveEncoding encoding, ReadOnlySpan<float> samples, Span<byte> bytes)
    {
        int size = Bytes(encoding);
        for (int i = 0; i < samples.Length; i++)
        {
            Span<byte> target = bytes.Slice(i * size, size);
            switch (encoding)
            {
                case WaveEncoding.Pcm8:
                    target[0] = (byte)(Integer(samples[i], 128) + 128);
                    break;
                case WaveEncoding.Pcm16:
                    BinaryPrimitives.WriteInt16LittleEndian(target, (short)Integer(samples[i], 32768));
                    break;
                case WaveEncoding.Pcm24:
                    int value = (int)Integer(samples[i], 8388608);
                    (target[0], target[1], target[2]) = ((byte)value, (byte)(value >> 8), (byte)(value >> 16));
                    break;
                case WaveEncoding.Pcm32:
                    BinaryPrimitives.WriteInt32LittleEndian(target, (int)Integer(samples[i], 2147483648));
                    break;
                default:
                    BinaryPrimitives.WriteSingleLittleEndian(target, samples[i]);
                    break;
            }
        }
        return samples.Length * size;
    }

    static long Integer(float sample, long fullScale) =>
        (long)Math.Clamp(Math.Round((double)sample * fullScale), -fullScale, fullScale - 1);

    /// <summary>Checks the samples before anything is written.</summary>
    public static void Check(ReadOnlySpan<float> samples, int sampleRate, WaveEncoding encoding, int channels)
    {
        WaveHeader.CheckRate(sampleRate, nameof(sampleRate));
        if (!Enum.IsDefined(encoding) || encoding == WaveEncoding.MuLaw)
        {
            throw new ArgumentOutOfRangeException(
                nameof(encoding), encoding, "Expected is PCM or floating point: files of others are not written.");
        }
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        if ((long)channels * Bytes(encoding) > ushort.MaxValue)
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, string.Create(CultureInfo.InvariantCulture,
                $"A WAV file has at most {ushort.MaxValue} bytes for a sample of all channels: expected are at most "
                + $"{ushort.MaxValue / Bytes(encoding)} channels of {encoding}. Write several files, or an encoding of fewer bytes."));
        }
        if (samples.Length % channels != 0)
        {
            throw new ArgumentException(
                $"There are {samples.Length} samples: expected is a multiple of the {channels} channels.", nameof(samples));
        }
        if ((long)samples.Length * Bytes(encoding) > WaveHeader.MostData)
            throw new ArgumentException($"A WAV file holds no more than {WaveHeader.MostData} bytes of samples.", nameof(samples));
        for (int i = 0; i < samples.Length; i++)
        {
            if (!float.IsFinite(samples[i]))
            {
                throw new ArgumentException(
                    string.Create(CultureInfo.InvariantCulture, $"Sample {i} is {samples[i]}: expected is a finite number."),
                    nameof(samples));
            }
        }
    }
}
