namespace Microsoft.ML.VqVae.Audio;

/// <summary>An opened audio file, of which any part can be read: a <see cref="WaveFile"/>, or a file of an
/// <see cref="AudioFormat"/>.</summary>
/// <remarks>Samples are floats; full scale is -1 to 1. Not safe for several threads at once.</remarks>
public abstract class AudioFile : IDisposable
{
    readonly string _name;

    /// <param name="name">The name in error messages: a file name, for example.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    protected AudioFile(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        _name = name;
    }

    /// <summary>Samples per second in each channel.</summary>
    public abstract int SampleRate { get; }

    /// <summary>The number of channels.</summary>
    public abstract int Channels { get; }

    /// <summary>Samples in each channel.</summary>
    public abstract long Length { get; }

    /// <summary>Reads samples as the mean of all channels.</summary>
    /// <param name="start">The first sample to read, from 0.</param>
    /// <param name="count">The number of samples to read; null, the default, for all that follow.</param>
    /// <returns>One value a sample.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within the file.</exception>
    /// <exception cref="InvalidDataException">A floating-point sample is NaN or infinite, or the file is damaged, or was cut short since it
    /// was opened.</exception>
    public float[] ReadMono(long start = 0, long? count = null)
    {
        float[] samples = Read(start, count);
        if (Channels == 1)
            return samples;
        float[] mono = new float[samples.Length / Channels];
        for (int i = 0; i < mono.Length; i++)
        {
            double sum = 0;
            foreach (float sample in samples.AsSpan(i * Channels, Channels))
                sum += sample;
            mono[i] = (float)(sum / Channels);
        }
        return mono;
    }

    /// <summary>Reads samples of all channels, interleaved: the first sample of each channel, then the second of each.</summary>
    /// <param name="start">The first sample to read, from 0.</param>
    /// <param name="count">The number of samples of each channel to read; null, the default, for all that follow.</param>
    /// <returns><paramref name="count"/> times <see cref="Channels"/> values.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within the file.</exception>
    /// <exception cref="InvalidDataException">A floating-point sample is NaN or infinite, or the file is damaged, or was cut short since it
    /// was opened.</exception>
    public float[] Read(long start = 0, long? count = null)
    {
        if (start < 0 || start > Length)
        {
            throw new ArgumentOutOfRangeException(nameof(start),
                $"'{_name}' has {Length} samples: a part of it must begin at sample 0 to {Length}, but is to begin at {start}.");
        }
        long samples = count ?? Length - start;
        if (samples < 0 || samples > Length - start)
        {
            throw new ArgumentOutOfRangeException(nameof(count),
                $"'{_name}' has {Length} samples: a part that begins at sample {start} can have 0 to {Length - start} samples, "
                + $"but is to have {samples}.");
        }
        if (samples * Channels > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(nameof(count),
                $"'{_name}': {samples} samples of {Channels} channels do not fit into one array; read the file in parts.");
        }
        float[] values = new float[samples * Channels];
        if (values.Length > 0)
            ReadPart(start, values);
        return values;
    }

    /// <summary>Reads a part that lies within the file.</summary>
    /// <param name="start">The first sample to read, from 0.</param>
    /// <param name="samples">Receives the samples of all channels, interleaved.</param>
    protected abstract void ReadPart(long start, Span<float> samples);

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> was called.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A format of audio files that LoadAudio reads beside WAV and NIST SPHERE. The package VqVae.MLNet.AudioFormats has FLAC,
/// MP3 and Ogg Vorbis; an application may derive its own.</summary>
/// <remarks>A pipeline is saved with the types of its formats and their public properties, by System.Text.Json, and an application that
/// loads it must reference the assemblies of the types. Types have a public constructor without parameters, and are thread-safe.</remarks>
public abstract class AudioFormat
{
    /// <summary>The maximum number of bytes that <see cref="Recognizes"/> is given.</summary>
    public const int StartLength = 64;

    /// <summary>Whether a file is of this format.</summary>
    /// <param name="start">The first bytes of the file; <see cref="StartLength"/>, unless it is shorter.</param>
    /// <returns>Whether <see cref="Open"/> is to read the file.</returns>
    public abstract bool Recognizes(ReadOnlySpan<byte> start);

    /// <summary>Opens a file that is <see cref="Recognizes">recognized</see>.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The opened file; the caller disposes it.</returns>
    /// <exception cref="InvalidDataException">The file is damaged, or of a kind that is not read.</exception>
    public abstract AudioFile Open(string path);
}
