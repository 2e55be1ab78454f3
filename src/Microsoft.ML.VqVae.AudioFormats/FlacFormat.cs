using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>FLAC files, decoded by the program <c>flac</c> of the Xiph.Org Foundation, which must be installed.</summary>
/// <remarks>Each part of a file that is read starts the program once. For many short files, unpacking them first is faster.</remarks>
public sealed class FlacFormat : AudioFormat
{
    /// <inheritdoc/>
    public override bool Recognizes(ReadOnlySpan<byte> start) => start.StartsWith("fLaC"u8);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The program flac is not installed.</exception>
    public override AudioFile Open(string path) => new FlacFile(path);
}

/// <summary>A FLAC file. Opening reads the first block of its metadata; each part is decoded by a process of its own.</summary>
internal sealed class FlacFile : AudioFile
{
    // "fLaC", the head of the first block, and that block, STREAMINFO.
    const int HeaderBytes = 4 + 4 + 34;

    readonly string _path;
    // The decoded file, for a header without a length.
    readonly WaveFile? _whole;

    public FlacFile(string path)
        : base(path)
    {
        _path = path;
        byte[] header = new byte[HeaderBytes];
        using (FileStream stream = File.OpenRead(path))
        {
            int found = stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false);
            if (found < HeaderBytes)
                throw Bad(found, $"{HeaderBytes} bytes of the header", $"{found}");
        }
        if ((header[4] & 0x7F) != 0 || header[5] != 0 || header[6] != 0 || header[7] != 34)
            throw Bad(4, "the block STREAMINFO of 34 bytes", Convert.ToHexString(header.AsSpan(4, 4)));
        // 20 bits of the rate, 3 of the channels less one, 5 of the bits less one, 36 of the length.
        ulong packed = BinaryPrimitives.ReadUInt64BigEndian(header.AsSpan(18));
        (SampleRate, Channels) = ((int)(packed >> 44), (int)(packed >> 41 & 7) + 1);
        Length = (long)(packed & 0xF_FFFF_FFFF);
        if (SampleRate == 0)
            throw Bad(18, "a sample rate above 0", "0");
        if (Length == 0)
        {
            _whole = Decode();
            Length = _whole.Length;
        }
    }

    public override int SampleRate { get; }

    public override int Channels { get; }

    public override long Length { get; }

    protected override void ReadPart(long start, Span<float> samples)
    {
        int count = samples.Length / Channels;
        if (_whole is not null)
        {
            _whole.Read(start, count).CopyTo(samples);
            return;
        }
        using WaveFile part = Decode(
            FormattableString.Invariant($"--skip={start}"), FormattableString.Invariant($"--until={start + count}"));
        if (part.Length != count || part.Channels != Channels)
            throw Bad(18, $"{count} samples of {Channels} channels from sample {start} on", $"{part.Length} of {part.Channels}");
        part.Read().CopyTo(samples);
    }

    WaveFile Decode(params string[] part)
    {
        var start = new ProcessStartInfo("flac") { RedirectStandardOutput = true, RedirectStandardError = true };
        // The full path: a name that begins with a dash would be an option.
        foreach (string argument in (string[])["--decode", "--stdout", "--silent", .. part, Path.GetFullPath(_path)])
            start.ArgumentList.Add(argument);
        using Process process = Start(start);
        Task<string> complaint = process.StandardError.ReadToEndAsync();
        using var wave = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(wave);
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidDataException($"'{_path}' cannot be decoded: the program flac says: {OneLine(complaint.Result)}");
        return WaveFile.Open(new MemoryStream(wave.GetBuffer(), 0, (int)wave.Length), $"{_path}, decoded");
    }

    Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new NotSupportedException("The program flac could not be started.");
        }
        catch (Win32Exception exception)
        {
            throw new NotSupportedException($"'{_path}' is decoded by the program flac, which was not found ({exception.Message}). Install "
                + "it (Debian: apt install flac), or convert the file to WAV elsewhere.", exception);
        }
    }

    static string OneLine(string text) => string.Join(' ', text.Split((char[])['\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Trim()).Where(line => line.Length > 0).TakeLast(3));

    InvalidDataException Bad(long offset, string expected, string found) => new(string.Create(CultureInfo.InvariantCulture,
        $"'{_path}' cannot be read as a FLAC file: at byte {offset}, expected {expected}, found {found}."));

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _whole?.Dispose();
        base.Dispose(disposing);
    }
}
