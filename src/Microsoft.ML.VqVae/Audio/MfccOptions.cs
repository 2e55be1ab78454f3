using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>The settings of <see cref="Mfcc"/>.</summary>
public sealed class MfccOptions
{
    /// <summary>The log-mel spectrogram that the coefficients are made of.</summary>
    /// <value>The default is that of <see cref="MelSpectrogramOptions"/> with a pre-emphasis of 0.97.</value>
    public MelSpectrogramOptions Spectrogram { get; set; } = new() { PreEmphasis = 0.97 };

    /// <summary>How many coefficients to keep, from c0 (the mean of the bands, times √bands) up.</summary>
    /// <value>From 1 to the number of bands. The default is 13: c0 to c12.</value>
    public int Coefficients { get; set; } = 13;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of the cepstral coefficients cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal void Describe(OptionProblems problems)
    {
        if (Spectrogram is null)
        {
            problems.Add(nameof(Spectrogram), $"{nameof(Spectrogram)} must not be null");
            return;
        }
        Spectrogram.Describe(problems);
        problems.Require(
            Coefficients >= 1 && Coefficients <= Spectrogram.Bands, nameof(Coefficients), $"from 1 to the {Spectrogram.Bands} bands",
            Coefficients);
    }

    internal MfccOptions Copy() => new() { Spectrogram = Spectrogram?.Copy()!, Coefficients = Coefficients };
}
