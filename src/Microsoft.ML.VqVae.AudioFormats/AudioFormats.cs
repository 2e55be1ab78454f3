namespace Microsoft.ML.VqVae.Audio;

/// <summary>Formats for the parameter <c>formats</c> of LoadAudio.</summary>
public static class AudioFormats
{
    /// <summary>FLAC, MP3 and Ogg Vorbis.</summary>
    public static IReadOnlyList<AudioFormat> All { get; } = [new FlacFormat(), new Mp3Format(), new VorbisFormat()];
}
