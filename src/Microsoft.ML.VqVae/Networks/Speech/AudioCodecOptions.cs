using System.Text.Json.Serialization;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The settings of the encoder and decoder of an <see cref="AudioVqVae"/>: either <see cref="MelCodecOptions"/> or
/// <see cref="WaveformCodecOptions"/>.</summary>
[JsonDerivedType(typeof(MelCodecOptions), "mel")]
[JsonDerivedType(typeof(WaveformCodecOptions), "waveform")]
public abstract class AudioCodecOptions
{
    private protected AudioCodecOptions()
    {
    }

    /// <summary>Sample rate of the waveforms, in hertz.</summary>
    /// <value>From 1,000 to 192,000. The default is 16,000.</value>
    public int SampleRate { get; set; } = 16_000;

    /// <summary>The number of samples that a code covers: code i covers the samples from i times this number up to the first of the next
    /// code, and its center is at (i + 0.5) · SamplesPerCode / <see cref="SampleRate"/> seconds.</summary>
    public abstract int SamplesPerCode { get; }

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The audio codec's options cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal virtual void Describe(OptionProblems problems) =>
        problems.Require(SampleRate is >= 1_000 and <= 192_000, nameof(SampleRate), "from 1000 to 192000", SampleRate);

    internal abstract AudioCodecOptions Copy();

    /// <summary>Creates a network of these settings with fresh weights.</summary>
    internal abstract AudioVqVae CreateNetwork(QuantizerOptions quantizer, int speakers, int seed);
}
