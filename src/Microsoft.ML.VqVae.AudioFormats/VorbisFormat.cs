using System.Buffers.Binary;
using NVorbis;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>Ogg Vorbis files, decoded by the managed library NVorbis. A part of a file is decoded from the start of the file on.</summary>
public sealed class VorbisFormat : AudioFormat
{
    /// <inheritdoc/>
    public override bool Recognizes(ReadOnlySpan<byte> start) =>
        start.Length > 35 && start.StartsWith("OggS"u8) && start[29..].StartsWith("vorbis"u8);

    /// <inheritdoc/>
    public override AudioFile Open(string path) => new VorbisFile(path);
}

/// <summary>An Ogg Vorbis file.</summary>
internal sealed class VorbisFile : SequentialFile
{
    const int PageHeader = 27;

    public VorbisFile(string path)
        : base(path, "Ogg Vorbis")
    {
        long stated = StatedLength();
        (SampleRate, Channels, Length) = Guarded(() =>
        {
            using var reader = new VorbisReader(path);
            return (reader.SampleRate, reader.Channels, reader.TotalSamples);
        });
        // NVorbis leaves out pages that are damaged.
        if (Length != stated)
            throw Bad($"it is damaged, or holds several streams: expected {stated} samples by its last page, found {Length}");
    }

    public override int SampleRate { get; }

    public override int Channels { get; }

    public override long Length { get; }

    protected override IDecoder Begin() => new Decoder(new VorbisReader(FilePath) { ClipSamples = false });

    // The number of samples by the last page. NVorbis takes a file that was cut for a shorter one: that page must be whole, and say that it
    // is the last.
    long StatedLength()
    {
        byte[] tail;
        using (FileStream stream = File.OpenRead(FilePath))
        {
            // No page is longer than 65,307 bytes.
            tail = new byte[Math.Min(stream.Length, 1 << 17)];
            stream.Position = stream.Length - tail.Length;
            stream.ReadExactly(tail);
        }
        int page = tail.AsSpan().LastIndexOf("OggS"u8);
        bool isWhole = page >= 0 && page + PageHeader <= tail.Length && page + PageHeader + tail[page + 26] <= tail.Length;
        int segments = isWhole ? tail[page + 26] : 0, end = page + PageHeader + segments;
        foreach (byte segment in tail.AsSpan(isWhole ? page + PageHeader : 0, segments))
            end += segment;
        if (!isWhole || end > tail.Length || (tail[page + 5] & 4) == 0)
            throw Bad("it is cut short: expected a last page that is whole and ends the stream");
        return BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(page + 6));
    }

    sealed class Decoder(VorbisReader reader) : IDecoder
    {
        public int Read(Span<float> samples) => reader.ReadSamples(samples);

        public void Dispose() => reader.Dispose();
    }
}
