using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>The header of an audio file: the encoding and position of the samples.</summary>
internal sealed record WaveHeader(
    int SampleRate, int Channels, WaveEncoding Encoding, long DataOffset, long Length, bool BigEndian = false)
{
    /// <summary>The minimum and maximum sample rate, so that a damaged header is rejected.</summary>
    public const int MinSampleRate = 100, MaxSampleRate = 768_000;

    /// <summary>The size of a file is written in 32 bits; everything but the samples takes less than 100 bytes.</summary>
    public const long MostData = uint.MaxValue - 100L;

    const uint UnknownSize = uint.MaxValue;
    const int PcmTag = 1, FloatTag = 3, MuLawTag = 7, ExtensibleTag = 0xFFFE;

    static readonly string[] KnownChunks =
        ["fmt ", "data", "fact", "LIST", "JUNK", "PAD ", "bext", "cue ", "smpl", "inst", "PEAK", "iXML", "id3 ", "ID3 "];

    // The sub-format of WAVE_FORMAT_EXTENSIBLE is a tag of two bytes followed by these.
    static ReadOnlySpan<byte> SubFormatTail => [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

    /// <summary>Reads from the stream's position, which byte offsets in messages count from, to the samples.</summary>
    public static WaveHeader Read(Stream stream, string name)
    {
        long begin = stream.Position, end = stream.Length;
        byte[] bytes = new byte[40];
        int start = stream.ReadAtLeast(bytes.AsSpan(0, AudioSignature.Length), AudioSignature.Length, throwOnEndOfStream: false);
        if (bytes.AsSpan(0, start).StartsWith(SphereHeader.Signature))
            return SphereHeader.Read(stream, name, begin);
        if (AudioSignature.Refusal(bytes.AsSpan(0, start), name) is string refusal)
            throw new InvalidDataException(refusal);
        stream.Position = begin;
        Take(12, "the header of a WAV file");
        bool isLarge = Text(bytes.AsSpan(0, 4)) is "RF64" or "BW64";
        if (!isLarge)
            Expect(0, "RIFF");
        Expect(8, "WAVE");
        (int SampleRate, int Channels, WaveEncoding Encoding)? format = null;
        ulong? largeSize = null;
        while (true)
        {
            long chunk = stream.Position;
            Take(8, format is null ? "a chunk 'fmt '" : "a chunk 'data'");
            (string id, uint size) = Chunk(bytes);
            long content = stream.Position;
            if (id == "data")
            {
                if (format is not (int, int, WaveEncoding) known)
                    throw Bad(name, chunk - begin, "a chunk 'fmt ' before the samples", "the chunk 'data'");
                return WithData(known, content, size);
            }
            if (size > end - content)
                throw Truncated(name, content - begin, $"{size} bytes of chunk '{id}'", end - content);
            if (id == "fmt ")
                format = ReadFormat(content, (int)Math.Min(size, 40));
            if (id == "ds64" && isLarge)
                largeSize = ReadLargeSize(content, size);
            stream.Position = After(content, size);
        }

        void Take(int count, string what)
        {
            long offset = stream.Position - begin;
            int found = stream.ReadAtLeast(bytes.AsSpan(0, count), count, throwOnEndOfStream: false);
            if (found < count)
                throw Truncated(name, offset, $"{count} bytes of {what}", found);
        }

        void Expect(int offset, string text)
        {
            string found = Text(bytes.AsSpan(offset, 4));
            if (found != text)
                throw Bad(name, offset, $"'{text}'", $"'{found}'");
        }

        (int, int, WaveEncoding) ReadFormat(long content, int size)
        {
            if (size < 16)
                throw Bad(name, content - 4 - begin, "a chunk 'fmt ' of at least 16 bytes", $"{size} bytes");
            Take(size, "the chunk 'fmt '");
            return ParseFormat(bytes.AsSpan(0, size), name, content - begin);
        }

        ulong ReadLargeSize(long content, uint size)
        {
            if (size < 16)
                throw Bad(name, content - 4 - begin, "a chunk 'ds64' of at least 16 bytes", $"{size} bytes");
            Take(16, "the chunk 'ds64'");
            return BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8));
        }

        // Chunks begin at even offsets, but some programs leave the padding out.
        long After(long content, uint size)
        {
            long next = content + size;
            if (size % 2 == 0)
                return next;
            (string Id, uint)? unpadded = ChunkAt(next), padded = ChunkAt(next + 1);
            bool isUnpadded = unpadded is { } here && KnownChunks.Contains(here.Id)
                && !(padded is { } there && KnownChunks.Contains(there.Id));
            return isUnpadded ? next : Math.Min(end, next + 1);
        }

        (string Id, uint Size)? ChunkAt(long place)
        {
            if (end - place < 8)
                return null;
            stream.Position = place;
            return stream.ReadAtLeast(bytes.AsSpan(0, 8), 8, throwOnEndOfStream: false) == 8 ? Chunk(bytes) : null;
        }

        // Whether chunks follow, which end where the file does.
        bool AreChunks(long place)
        {
            while (ChunkAt(place) is { } chunk && !chunk.Id.Contains('?') && chunk.Size <= end - place - 8)
                place += 8 + chunk.Size + chunk.Size % 2;
            return place >= end;
        }

        WaveHeader WithData((int SampleRate, int Channels, WaveEncoding Encoding) known, long content, uint size)
        {
            int frame = known.Channels * WaveSamples.Bytes(known.Encoding);
            long left = end - content;
            long length = size == UnknownSize && largeSize is <= long.MaxValue ? (long)largeSize : size;
            bool isUnknown = length == size && IsPlaceholder(size, left);
            // The chunk of a program that was stopped; a truly empty one is followed by nothing or by other chunks.
            isUnknown |= length == 0 && left > 0 && !AreChunks(content);
            // A program that could not know the size may have been stopped within a sample.
            if (isUnknown)
                length = left / frame * frame;
            if (length > left)
                throw Truncated(name, content - begin, $"{length} bytes of samples", left);
            if (length % frame != 0)
                throw Bad(name, content - 4 - begin, $"a multiple of {frame} bytes of samples ({known.Channels} channels)", $"{length}");
            return new WaveHeader(known.SampleRate, known.Channels, known.Encoding, content, length / frame);
        }
    }

    static (string Id, uint Size) Chunk(ReadOnlySpan<byte> bytes) =>
        (Text(bytes[..4]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));

    // Programs that write to a pipe write the maximum size of signed or unsigned numbers, rounded down or less the header:
    // 0xFFFFFFFF ffmpeg, 0x7FFFF000 SoX, 0x80000000 arecord.
    static bool IsPlaceholder(uint size, long left) =>
        size is >= 0xFFFF_F000 or 0x7FFF_F000 || (size is >= 0x7FFF_F000 and <= 0x8000_0000 && size > left);

    /// <summary>Refuses a sample rate that no file may have.</summary>
    public static void CheckRate(int sampleRate, string parameter)
    {
        if (sampleRate is < MinSampleRate or > MaxSampleRate)
        {
            throw new ArgumentOutOfRangeException(
                parameter, sampleRate, $"A sample rate must be from {MinSampleRate} to {MaxSampleRate} Hz, but is {sampleRate}.");
        }
    }

    static (int SampleRate, int Channels, WaveEncoding Encoding) ParseFormat(ReadOnlySpan<byte> format, string name, long offset)
    {
        int tag = BinaryPrimitives.ReadUInt16LittleEndian(format), channels = BinaryPrimitives.ReadUInt16LittleEndian(format[2..]);
        uint sampleRate = BinaryPrimitives.ReadUInt32LittleEndian(format[4..]);
        int frame = BinaryPrimitives.ReadUInt16LittleEndian(format[12..]), bits = BinaryPrimitives.ReadUInt16LittleEndian(format[14..]);
        if (tag == ExtensibleTag)
        {
            if (format.Length < 40)
                throw Bad(name, offset - 4, "40 bytes of WAVE_FORMAT_EXTENSIBLE", $"{format.Length}");
            if (!format[26..40].SequenceEqual(SubFormatTail))
                throw Bad(name, offset + 24, "the sub-format PCM or IEEE floating point", Convert.ToHexString(format[24..40]));
            tag = BinaryPrimitives.ReadUInt16LittleEndian(format[24..]);
        }
        if (channels == 0)
            throw Bad(name, offset + 2, "at least one channel", "0");
        if (sampleRate is < MinSampleRate or > MaxSampleRate)
            throw Bad(name, offset + 4, $"a sample rate from {MinSampleRate} to {MaxSampleRate} Hz", $"{sampleRate}");
        WaveEncoding encoding = (tag, bits) switch
        {
            (PcmTag, 8) => WaveEncoding.Pcm8,
            (PcmTag, 16) => WaveEncoding.Pcm16,
            (PcmTag, 24) => WaveEncoding.Pcm24,
            (PcmTag, 32) => WaveEncoding.Pcm32,
            (FloatTag, 32) => WaveEncoding.FloatingPoint,
            (MuLawTag, 8) => WaveEncoding.MuLaw,
            (PcmTag, _) => throw Bad(name, offset + 14, "PCM of 8, 16, 24 or 32 bits", $"{bits} bits"),
            (FloatTag, _) => throw Bad(name, offset + 14, "floating point of 32 bits", $"{bits} bits"),
            _ => throw Bad(name, offset, "format 1 (PCM), 3 (IEEE floating point), 7 (µ-law) or 65534 (extensible) of them",
                $"format {tag}. Convert it first, for example by: ffmpeg -i \"{name}\" -c:a pcm_s16le OUT.wav"),
        };
        return frame == channels * WaveSamples.Bytes(encoding)
            ? ((int)sampleRate, channels, encoding)
            : throw Bad(name, offset + 12, $"{channels * WaveSamples.Bytes(encoding)} bytes for a sample of all channels", $"{frame}");
    }

    /// <summary>The bytes of a WAV file up to its samples.</summary>
    public static byte[] Format(int sampleRate, WaveEncoding encoding, int channels, long dataBytes)
    {
        bool isFloat = encoding == WaveEncoding.FloatingPoint;
        int frame = channels * WaveSamples.Bytes(encoding);
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, System.Text.Encoding.ASCII);
        writer.Write("RIFF"u8);
        writer.Write((uint)((isFloat ? 50 : 36) + dataBytes + dataBytes % 2));
        writer.Write("WAVE"u8);
        writer.Write("fmt "u8);
        writer.Write(isFloat ? 18 : 16);
        writer.Write((ushort)(isFloat ? FloatTag : PcmTag));
        writer.Write((ushort)channels);
        writer.Write(sampleRate);
        writer.Write((uint)Math.Min(uint.MaxValue, (long)sampleRate * frame));
        writer.Write((ushort)frame);
        writer.Write((ushort)(8 * WaveSamples.Bytes(encoding)));
        if (isFloat)
        {
            // What is not PCM has the size of its (empty) extension, and a chunk with the number of samples.
            writer.Write((ushort)0);
            writer.Write("fact"u8);
            writer.Write(4);
            writer.Write((uint)(dataBytes / frame));
        }
        writer.Write("data"u8);
        writer.Write((uint)dataBytes);
        writer.Flush();
        return stream.ToArray();
    }

    static string Text(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (byte value in bytes)
            text.Append(value is >= 32 and < 127 ? (char)value : '?');
        return text.ToString();
    }

    public static InvalidDataException Truncated(string name, long offset, string expected, long found) =>
        new($"'{name}' is cut short: at byte {offset}, expected {expected}, found {found} bytes.");

    static InvalidDataException Bad(string name, long offset, string expected, string found) =>
        new($"'{name}' cannot be read as a WAV file: at byte {offset}, expected {expected}, found {found}.");
}

/// <summary>The encoding of the samples of a <see cref="WaveFile"/>.</summary>
public enum WaveEncoding
{
    /// <summary>Unsigned bytes; silence is 128.</summary>
    Pcm8,

    /// <summary>Signed integers of 16 bits.</summary>
    Pcm16,

    /// <summary>Signed integers of 24 bits.</summary>
    Pcm24,

    /// <summary>Signed integers of 32 bits.</summary>
    Pcm32,

    /// <summary>IEEE floating-point numbers of 32 bits.</summary>
    FloatingPoint,

    /// <summary>Bytes of µ-law, as telephony and ITU-T G.711 have them; files of it are read, not written.</summary>
    MuLaw,
}

/// <summary>Recognizes common unsupported audio formats by their first bytes, with messages that explain how to convert them.</summary>
internal static class AudioSignature
{
    /// <summary>The number of bytes to look at.</summary>
    public const int Length = 36;

    /// <summary>The message for a file of another format, or null if the format is not recognized.</summary>
    public static string? Refusal(ReadOnlySpan<byte> start, string name)
    {
        if (Format(start) is not string format)
            return null;
        string wave = Path.ChangeExtension(name, ".wav");
        if (wave == name)
            wave = Path.ChangeExtension(name, ".converted.wav");
        string command = $"ffmpeg -i \"{name}\" \"{wave}\"";
        if (format == "FLAC")
            command = $"flac --decode -o \"{wave}\" \"{name}\", or {command}";
        return $"'{name}' cannot be read: at byte 0, expected a WAV file ('RIFF' or 'RF64') or a NIST SPHERE file, found a file of the "
            + $"format {format}. Convert it first: {command}."
            + (format is "FLAC" or "MP3" or "Ogg Vorbis"
                ? " Or have LoadAudio read it: reference the package VqVae.MLNet.AudioFormats and pass it formats: AudioFormats.All."
                : "");
    }

    static string? Format(ReadOnlySpan<byte> start) => start switch
    {
        _ when start.StartsWith("fLaC"u8) => "FLAC",
        _ when start.StartsWith("OggS"u8) => start.Length >= Length && start[29..].StartsWith("vorbis"u8) ? "Ogg Vorbis"
            : start.Length >= Length && start[28..].StartsWith("OpusHead"u8) ? "Ogg Opus" : "Ogg",
        _ when start.StartsWith("ID3"u8) => "MP3",
        // A frame of MPEG audio: eleven bits that are set, then a version and a layer that are not reserved.
        [0xFF, byte second, ..] when (second & 0xE0) == 0xE0 && (second & 0x18) != 0x08 && (second & 0x06) != 0 => "MP3",
        _ when start.Length >= 12 && start[4..].StartsWith("ftyp"u8) => "MPEG-4",
        _ when start.Length >= 12 && start.StartsWith("FORM"u8) && start[8..].StartsWith("AIF"u8) => "AIFF",
        _ when start.StartsWith("caff"u8) => "CAF",
        _ when start.StartsWith(".snd"u8) => "AU",
        _ when start.StartsWith("#!AMR"u8) => "AMR",
        _ when start.StartsWith("riff"u8) => "Wave64",
        _ when start.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]) => "Matroska or WebM",
        _ when start.StartsWith((ReadOnlySpan<byte>)[0x30, 0x26, 0xB2, 0x75]) => "WMA",
        _ => null,
    };
}
