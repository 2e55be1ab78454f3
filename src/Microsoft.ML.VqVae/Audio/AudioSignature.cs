namespace Microsoft.ML.VqVae.Audio;

/// <summary>Tells common audio files that are not read here by their first bytes, and says how to convert them.</summary>
internal static class AudioSignature
{
    /// <summary>The number of bytes to look at.</summary>
    public const int Length = 12;

    /// <summary>The message for a file of another format, or null where the bytes are of none that is known.</summary>
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
            + $"format {format}. Convert it first: {command}.";
    }

    static string? Format(ReadOnlySpan<byte> start) => start switch
    {
        _ when start.StartsWith("fLaC"u8) => "FLAC",
        _ when start.StartsWith("OggS"u8) => "Ogg",
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
