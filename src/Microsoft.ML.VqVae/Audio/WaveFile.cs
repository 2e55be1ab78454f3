using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static System.FormattableString;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// A WAV file (RIFF/WAVE or RF64): PCM of 8, 16, 24 or 32 bits, 32-bit floating point or µ-law, any number of channels, plain or
/// WAVE_FORMAT_EXTENSIBLE; or a NIST SPHERE file, as TIMIT's are: PCM of 16 bits in either byte order, or µ-law.
/// </summary>
/// <remarks>
/// Opening reads only the header, and a part of the file can be read without the rest. Samples are floats; full scale is -1 to 1,
/// in every encoding. Sample rates are from 100 to 768,000 Hz. Chunks other than <c>fmt </c> and <c>data</c> are skipped. A <c>data</c>
/// chunk whose size a program wrote that did not know it (0xFFFFFFFF, SoX's 0x7FFFF000, or 0 with samples after it) goes on to the end of
/// the file. Other damage is an <see cref="InvalidDataException"/> that names the file, the byte, the expected and the actual content; for
/// a FLAC, MP3 or other audio file it explains how to convert it. Not safe for several threads at once.
/// </remarks>
public sealed class WaveFile : AudioFile
{
    readonly Stream _stream;
    readonly string _name;
    readonly bool _leaveOpen;
    readonly WaveHeader _header;

    WaveFile(Stream stream, string name, bool leaveOpen)
        : base(name)
    {
        (_stream, _name, _leaveOpen) = (stream, name, leaveOpen);
        _header = WaveHeader.Read(stream, name);
    }

    /// <summary>Samples per second in each channel.</summary>
    public override int SampleRate => _header.SampleRate;

    /// <summary>The number of channels.</summary>
    public override int Channels => _header.Channels;

    /// <summary>The encoding of the samples.</summary>
    public WaveEncoding Encoding => _header.Encoding;

    /// <summary>Samples in each channel.</summary>
    public override long Length => _header.Length;

    /// <summary>Opens a file and reads its header.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The opened file; dispose it.</returns>
    /// <exception cref="InvalidDataException">It is not a WAV or NIST SPHERE file, is cut short, or is of an encoding or
    /// sample rate that is not read here.</exception>
    public static WaveFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        FileStream stream = File.OpenRead(path);
        try
        {
            return new WaveFile(stream, path, leaveOpen: false);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads the header of a file that starts at the stream's position.</summary>
    /// <param name="stream">The stream. One that cannot seek is read into memory at once.</param>
    /// <param name="name">The name in error messages: a file name, for example.</param>
    /// <param name="leaveOpen">Whether disposing leaves the stream open.</param>
    /// <returns>The opened file.</returns>
    /// <exception cref="InvalidDataException">It is not a WAV or NIST SPHERE file, is cut short, or is of an encoding or
    /// sample rate that is not read here.</exception>
    public static WaveFile Open(Stream stream, string name, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (stream.CanSeek)
            return new WaveFile(stream, name, leaveOpen);
        var copy = new MemoryStream();
        stream.CopyTo(copy);
        copy.Position = 0;
        if (!leaveOpen)
            stream.Dispose();
        return new WaveFile(copy, name, leaveOpen: false);
    }

    /// <inheritdoc/>
    protected override void ReadPart(long start, Span<float> samples)
    {
        const int PieceBytes = 1 << 16;
        int bytesPerSample = WaveSamples.Bytes(Encoding), frame = bytesPerSample * Channels;
        byte[] piece = new byte[Math.Max(frame, PieceBytes / frame * frame)];
        long offset = _header.DataOffset + start * frame;
        _stream.Position = offset;
        for (int done = 0; done < samples.Length;)
        {
            int bytes = (int)Math.Min(piece.Length, (long)(samples.Length - done) * bytesPerSample);
            int found = _stream.ReadAtLeast(piece.AsSpan(0, bytes), bytes, throwOnEndOfStream: false);
            if (found < bytes)
                throw WaveHeader.Truncated(_name, offset, $"{bytes} bytes of samples", found);
            if (_header.BigEndian)
                Reverse(piece.AsSpan(0, bytes));
            Span<float> decoded = samples.Slice(done, bytes / bytesPerSample);
            int bad = WaveSamples.Decode(Encoding, piece.AsSpan(0, bytes), decoded);
            if (bad >= 0)
            {
                throw new InvalidDataException(Invariant(
                    $"'{_name}', byte {offset + (long)bad * bytesPerSample}: expected a finite sample, found {decoded[bad]}."));
            }
            done += decoded.Length;
            offset += bytes;
        }
    }

    static void Reverse(Span<byte> bytes)
    {
        Span<short> values = MemoryMarshal.Cast<byte, short>(bytes);
        BinaryPrimitives.ReverseEndianness(values, values);
    }

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="samples">The samples, interleaved where there are several channels; values beyond full scale (-1 to 1) are clipped in
    /// all encodings but <see cref="WaveEncoding.FloatingPoint"/>.</param>
    /// <param name="sampleRate">Samples per second, from 100 to 768,000.</param>
    /// <param name="encoding">The encoding; any but <see cref="WaveEncoding.MuLaw"/>.</param>
    /// <param name="channels">The number of channels, so many that a sample of all of them has at most 65,535 bytes.</param>
    /// <exception cref="ArgumentException">The samples are not a multiple of the channels, or one of them is NaN or infinite, or a WAV file
    /// cannot hold them all.</exception>
    public static void Write(
        string path, ReadOnlySpan<float> samples, int sampleRate, WaveEncoding encoding = WaveEncoding.Pcm16, int channels = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        WaveSamples.Check(samples, sampleRate, encoding, channels);
        using FileStream stream = File.Create(path);
        Write(stream, samples, sampleRate, encoding, channels);
    }

    /// <summary>Writes a WAV file to a stream, which need not be seekable and is left open.</summary>
    /// <param name="stream">The destination.</param>
    /// <param name="samples">The samples, interleaved where there are several channels; values beyond full scale (-1 to 1) are clipped in
    /// all encodings but <see cref="WaveEncoding.FloatingPoint"/>.</param>
    /// <param name="sampleRate">Samples per second, from 100 to 768,000.</param>
    /// <param name="encoding">The encoding; any but <see cref="WaveEncoding.MuLaw"/>.</param>
    /// <param name="channels">The number of channels, so many that a sample of all of them has at most 65,535 bytes.</param>
    /// <exception cref="ArgumentException">The samples are not a multiple of the channels, or one of them is NaN or infinite, or a WAV file
    /// cannot hold them all.</exception>
    public static void Write(
        Stream stream, ReadOnlySpan<float> samples, int sampleRate, WaveEncoding encoding = WaveEncoding.Pcm16, int channels = 1)
    {
        ArgumentNullException.ThrowIfNull(stream);
        WaveSamples.Check(samples, sampleRate, encoding, channels);
        long bytes = (long)samples.Length * WaveSamples.Bytes(encoding);
        stream.Write(WaveHeader.Format(sampleRate, encoding, channels, bytes));
        byte[] piece = new byte[1 << 16];
        int samplesPerPiece = piece.Length / WaveSamples.Bytes(encoding);
        for (int done = 0; done < samples.Length; done += samplesPerPiece)
        {
            ReadOnlySpan<float> part = samples[done..Math.Min(samples.Length, done + samplesPerPiece)];
            stream.Write(piece.AsSpan(0, WaveSamples.Encode(encoding, part, piece)));
        }
        // Chunks begin at even offsets.
        if (bytes % 2 == 1)
            stream.WriteByte(0);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_leaveOpen)
            _stream.Dispose();
        base.Dispose(disposing);
    }
}
