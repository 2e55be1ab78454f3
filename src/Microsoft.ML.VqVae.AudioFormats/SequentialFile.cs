namespace Microsoft.ML.VqVae.Audio;

/// <summary>A file whose decoder goes from its start to its end: each part is decoded from the start on, since seeking in a compressed file
/// is not exact.</summary>
internal abstract class SequentialFile(string path, string format) : AudioFile(path)
{
    protected string FilePath { get; } = path;

    /// <summary>A decoder at the start of the file.</summary>
    protected abstract IDecoder Begin();

    /// <summary>The number of decoded samples of a channel before the first of the file.</summary>
    protected virtual long Lead => 0;

    protected override void ReadPart(long start, Span<float> samples)
    {
        using IDecoder decoder = Guarded(Begin);
        float[] skipped = new float[4096 * Channels];
        for (long left = (Lead + start) * Channels; left > 0;)
        {
            int count = (int)Math.Min(skipped.Length, left);
            Fill(decoder, skipped.AsSpan(0, count));
            left -= count;
        }
        Fill(decoder, samples);
    }

    void Fill(IDecoder decoder, Span<float> samples)
    {
        while (samples.Length > 0)
        {
            int read = Next(decoder, samples);
            if (read <= 0)
                throw Bad($"it ends before sample {Length}, which its header announces");
            samples = samples[read..];
        }
    }

    // Decoders throw all kinds of errors for damaged files, and name no file.
    int Next(IDecoder decoder, Span<float> samples)
    {
        try
        {
            return decoder.Read(samples);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw Bad(exception.Message, exception);
        }
    }

    /// <summary>Opens a decoder.</summary>
    protected T Guarded<T>(Func<T> open)
    {
        try
        {
            return open();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw Bad(exception.Message, exception);
        }
    }

    protected InvalidDataException Bad(string problem, Exception? cause = null) =>
        new($"'{FilePath}' cannot be decoded as {format}: {problem.TrimEnd('.')}.", cause);
}

/// <summary>A decoder of interleaved samples, from the first to the last.</summary>
internal interface IDecoder : IDisposable
{
    /// <summary>Decodes the next samples; returns their number, 0 at the end.</summary>
    int Read(Span<float> samples);
}
