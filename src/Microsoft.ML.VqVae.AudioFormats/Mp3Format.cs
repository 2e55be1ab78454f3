using System.Buffers.Binary;
using System.Globalization;
using NLayer;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>MP3 files, and others of MPEG-1 and MPEG-2 audio, decoded by the managed library NLayer. A part of a file is decoded from the
/// start of the file on.</summary>
/// <remarks>The silence that encoder and decoder put around the sound is left out where the file states its length, as LAME and libraries
/// based on it write it; otherwise that of the decoder is, 529 samples, as <c>lame --decode</c> does.</remarks>
public sealed class Mp3Format : AudioFormat
{
    /// <inheritdoc/>
    public override bool Recognizes(ReadOnlySpan<byte> start) => start.StartsWith("ID3"u8) || Mp3Frame.IsAt(start);

    /// <inheritdoc/>
    public override AudioFile Open(string path) => new Mp3File(path);
}

/// <summary>An MP3 file, in memory until it is disposed.</summary>
internal sealed class Mp3File : SequentialFile
{
    readonly byte[] _bytes;
    readonly int _start;
    readonly int _end;

    public Mp3File(string path)
        : base(path, "MP3")
    {
        _bytes = File.ReadAllBytes(path);
        int sound = Mp3Frame.AfterTags(_bytes);
        string? other = OtherFormat(_bytes.AsSpan(sound));
        _start = other is null ? Mp3Frame.First(_bytes, sound) : -1;
        if (_start < 0)
        {
            throw Bad($"after its tags, expected two frames of MPEG audio, one after the other, found {other ?? "none"}. If other programs play "
                + $"it, convert it: ffmpeg -i \"{path}\" OUT.wav");
        }
        bool isLayer3 = Mp3Frame.IsLayer3(_bytes[_start + 1]);
        Mp3Tag? tag = isLayer3 ? Mp3Tag.TakeFrom(_bytes, _start) : null;
        if (tag is not null && tag.End > _bytes.Length)
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"it is cut short: expected {tag.End} bytes, found {_bytes.Length}"));
        // What follows, such as a tag with a picture, may hold bytes that look like frames.
        _end = tag is { Frames: > 0 } ? Mp3Frame.EndOf(_bytes, _start, tag.Frames + 1) : _bytes.Length;
        long decoded;
        (SampleRate, Channels, decoded) = Guarded(() =>
        {
            using MpegFile file = OpenFrames();
            return (file.SampleRate, file.Channels, file.Length / sizeof(float) / Math.Max(1, file.Channels));
        });
        if (tag is { Frames: > 0 } && decoded != tag.DecodedSamples)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture,
                $"it is damaged: expected {tag.DecodedSamples} samples, found {decoded}"));
        }
        Lead = Math.Min(decoded, (isLayer3 ? Mp3Tag.DecoderDelay : 0) + (tag?.Before ?? 0));
        Length = Math.Min(decoded - Lead, tag?.Samples ?? long.MaxValue);
    }

    public override int SampleRate { get; }

    public override int Channels { get; }

    public override long Length { get; }

    protected override long Lead { get; }

    protected override IDecoder Begin() => new Decoder(OpenFrames());

    MpegFile OpenFrames() => new(new MemoryStream(_bytes, _start, _end - _start, writable: false));

    // Some programs put tags of MP3 files before the sound of other formats.
    static string? OtherFormat(ReadOnlySpan<byte> sound) => sound switch
    {
        [(byte)'f', (byte)'L', (byte)'a', (byte)'C', ..] => "FLAC",
        [0xFF, 0xF0 or 0xF1 or 0xF8 or 0xF9, ..] or [(byte)'A', (byte)'D', (byte)'I', (byte)'F', ..] => "AAC",
        _ => null,
    };

    sealed class Decoder(MpegFile file) : IDecoder
    {
        public int Read(Span<float> samples) => file.ReadSamples(samples);

        public void Dispose() => file.Dispose();
    }
}

/// <summary>The head of a frame of MPEG audio, and the frames of a file.</summary>
internal static class Mp3Frame
{
    // By the index in the head less 1: layers 1 to 3 of MPEG-1, then layer 1, and layers 2 and 3, of MPEG-2.
    static readonly int[][] KiloBits =
    [
        [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];

    static readonly int[] Rates = [44_100, 48_000, 32_000];

    /// <summary>Whether bytes begin with a frame: eleven bits that are set, and a version, layer, rates that are not reserved.</summary>
    public static bool IsAt(ReadOnlySpan<byte> bytes) => bytes is [0xFF, byte second, byte third, ..] && (second & 0xE0) == 0xE0
        && (second & 0x18) != 0x08 && (second & 0x06) != 0 && (third & 0xF0) != 0xF0 && (third & 0x0C) != 0x0C;

    public static bool IsMpeg1(byte second) => (second & 0x18) == 0x18;

    public static bool IsLayer3(byte second) => (second & 0x06) == 0x02;

    /// <summary>The place after tags of ID3v2, at most the end of the file.</summary>
    public static int AfterTags(ReadOnlySpan<byte> file)
    {
        int place = 0;
        while (file.Length >= place + 10 && file[place..].StartsWith("ID3"u8))
        {
            int size = file[place + 6] << 21 | file[place + 7] << 14 | file[place + 8] << 7 | file[place + 9];
            place += 10 + size + ((file[place + 5] & 0x10) != 0 ? 10 : 0);
        }
        return Math.Min(place, file.Length);
    }

    /// <summary>The first frame at or after a place, behind up to 64 KB of anything else; -1 if there is none. As any bytes may look like a
    /// frame, it is one that another follows, or the end of the sound.</summary>
    public static int First(ReadOnlySpan<byte> file, int place)
    {
        // The lengths of frames of free format are in no head.
        if (IsAt(file[place..]) && LengthOf(file[place..]) == 0)
            return place;
        for (int last = Math.Min(file.Length - 4, place + (1 << 16)); place <= last; place++)
        {
            if (IsAt(file[place..]) && IsFollowed(file[place..]))
                return place;
        }
        return -1;
    }

    /// <summary>The end of so many frames from a place on; that of the file if they do not follow each other.</summary>
    public static int EndOf(ReadOnlySpan<byte> file, int place, long count)
    {
        int first = place;
        for (; count > 0; count--)
        {
            ReadOnlySpan<byte> rest = file[place..];
            int length = IsAlike(file[first..], rest) ? LengthOf(rest) : 0;
            if (length == 0 || length > rest.Length)
                return file.Length;
            place += length;
        }
        return place;
    }

    static bool IsFollowed(ReadOnlySpan<byte> frame)
    {
        int length = LengthOf(frame);
        if (length == 0 || length > frame.Length)
            return false;
        ReadOnlySpan<byte> next = frame[length..];
        return IsAlike(frame, next) || next.IsEmpty || next.StartsWith("TAG"u8) || next.StartsWith("APETAGEX"u8);
    }

    /// <summary>Whether bytes begin with a frame of the same version, layer and rate.</summary>
    static bool IsAlike(ReadOnlySpan<byte> frame, ReadOnlySpan<byte> next) =>
        IsAt(next) && ((frame[1] ^ next[1]) & 0x1E) == 0 && ((frame[2] ^ next[2]) & 0x0C) == 0;

    /// <summary>The bytes of a frame, its head included; 0 if the head does not tell them.</summary>
    static int LengthOf(ReadOnlySpan<byte> frame)
    {
        bool isMpeg1 = IsMpeg1(frame[1]);
        int layer = 4 - (frame[1] >> 1 & 3), index = (frame[2] >> 4) - 1, padding = frame[2] >> 1 & 1;
        if (index < 0)
            return 0;
        int bits = 1000 * KiloBits[isMpeg1 ? layer - 1 : layer == 1 ? 3 : 4][index];
        // MPEG-2 has half of these rates, and its extension for low ones a quarter.
        int rate = Rates[frame[2] >> 2 & 3] >> (isMpeg1 ? 0 : (frame[1] & 0x18) == 0x10 ? 1 : 2);
        return layer == 1 ? 4 * (12 * bits / rate + padding) : (layer == 3 && !isMpeg1 ? 72 : 144) * bits / rate + padding;
    }
}

/// <summary>The information frame at the start of an MP3 file, which has no sound: the number of frames, and LAME's lengths of the
/// silence before and after the sound.</summary>
/// <param name="Frames">The number of frames; 0 if it is unknown.</param>
/// <param name="SamplesPerFrame">Samples in a frame.</param>
/// <param name="Delay">The samples that the encoder put before the sound.</param>
/// <param name="Padding">The samples that it put after the sound.</param>
/// <param name="End">The end of the last frame in the file; 0 if it is unknown.</param>
internal sealed record Mp3Tag(long Frames, int SamplesPerFrame, int Delay, int Padding, long End)
{
    /// <summary>The samples by which a decoder of layer 3 is late.</summary>
    public const int DecoderDelay = 529;

    /// <summary>The samples that the decoder makes, with those of the tag's own frame.</summary>
    public long DecodedSamples => (Frames + 1) * SamplesPerFrame;

    /// <summary>The samples to leave out before the sound: the frame of the tag, and what the encoder put there.</summary>
    public int Before => SamplesPerFrame + Delay;

    /// <summary>The samples of the sound; null if they are unknown.</summary>
    public long? Samples => Frames > 0 ? Math.Max(0, Frames * SamplesPerFrame - Delay - Padding) : null;

    /// <summary>Reads the tag and makes its frame one of silence: NLayer leaves out what it says, but not the delay of its own decoder,
    /// and so loses the end of the sound.</summary>
    /// <param name="file">The file.</param>
    /// <param name="frame">The place of its first frame, which is of layer 3.</param>
    public static Mp3Tag? TakeFrom(Span<byte> file, int frame)
    {
        bool isMpeg1 = Mp3Frame.IsMpeg1(file[frame + 1]), isMono = file.Length > frame + 3 && (file[frame + 3] & 0xC0) == 0xC0;
        // After the side information of the frame.
        int place = frame + 4 + (isMpeg1 ? (isMono ? 17 : 32) : (isMono ? 9 : 17));
        if (place + 8 > file.Length || !(file[place..].StartsWith("Xing"u8) || file[place..].StartsWith("Info"u8)))
            return null;
        Span<byte> tag = file[place..];
        byte flags = tag[7];
        int at = 8;
        long frames = (flags & 1) != 0 && tag.Length >= at + 4 ? BinaryPrimitives.ReadUInt32BigEndian(tag[at..]) : 0;
        at += (flags & 1) != 0 ? 4 : 0;
        long end = (flags & 2) != 0 && tag.Length >= at + 4 ? frame + BinaryPrimitives.ReadUInt32BigEndian(tag[at..]) : 0;
        at += ((flags & 2) != 0 ? 4 : 0) + ((flags & 4) != 0 ? 100 : 0) + ((flags & 8) != 0 ? 4 : 0);
        // LAME's part: the name of the encoder, and 12 bits of each length at its byte 21.
        (int delay, int padding) = (0, 0);
        if (tag.Length >= at + 24 && (tag[at..].StartsWith("LAME"u8) || tag[at..].StartsWith("Lav"u8)))
            (delay, padding) = (tag[at + 21] << 4 | tag[at + 22] >> 4, (tag[at + 22] & 0x0F) << 8 | tag[at + 23]);
        tag[..4].Clear();
        return new Mp3Tag(frames, isMpeg1 ? 1152 : 576, delay, padding, end);
    }
}
