namespace Microsoft.ML.VqVae.Audio;

/// <summary>How the samples of a <see cref="WaveFile"/> are stored.</summary>
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
