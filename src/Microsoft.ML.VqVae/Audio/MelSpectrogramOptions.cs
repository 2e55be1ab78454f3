using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>The settings of a <see cref="MelSpectrogram"/>. The defaults are those of speech at 16 kHz: windows of 25 ms every 10 ms, 80
/// bands from 50 to 7600 Hz.</summary>
public sealed class MelSpectrogramOptions
{
    /// <summary>The greatest <see cref="FftLength"/>, and so the greatest <see cref="WindowLength"/>.</summary>
    internal const int MaxFftLength = 4096;

    /// <summary>Samples a second of the waveforms.</summary>
    /// <value>At least 1. The default is 16000.</value>
    public int SampleRate { get; set; } = 16000;

    /// <summary>Length of the Hann window in samples.</summary>
    /// <value>From 2 to 4096. The default is 400: 25 ms at 16 kHz.</value>
    public int WindowLength { get; set; } = 400;

    /// <summary>Samples from one frame to the next.</summary>
    /// <value>From 1 to <see cref="WindowLength"/>. The default is 160: 10 ms at 16 kHz.</value>
    public int HopLength { get; set; } = 160;

    /// <summary>Points of the Fourier transform, to which a window is filled up with zeros.</summary>
    /// <value>An even number from <see cref="WindowLength"/> to 4096: the transform is a matrix, whose size grows with the square. The
    /// default is 512.</value>
    public int FftLength { get; set; } = 512;

    /// <summary>The number of mel bands.</summary>
    /// <value>At least 1, and few enough for every band to have a point of the Fourier transform. The default is 80.</value>
    public int Bands { get; set; } = 80;

    /// <summary>The lower end of the lowest band in Hz.</summary>
    /// <value>Zero or more. The default is 50.</value>
    public double LowestFrequency { get; set; } = 50;

    /// <summary>The upper end of the highest band in Hz.</summary>
    /// <value>Above <see cref="LowestFrequency"/>, up to half the sample rate. The default is 7600.</value>
    public double HighestFrequency { get; set; } = 7600;

    /// <summary>a of the pre-emphasis y[n] = x[n] - a · x[n - 1], which lifts high frequencies before anything else; x[-1] counts as
    /// zero.</summary>
    /// <value>From 0, the default, for none, to below 1; 0.97 is usual for speech recognition.</value>
    public double PreEmphasis { get; set; }

    /// <summary>What is added to the power of a band before the logarithm, so that silence has one.</summary>
    /// <value>Above zero. The default is 1e-6; the power of full-scale speech is 1 to 1000.</value>
    public double PowerFloor { get; set; } = 1e-6;

    /// <summary>By what factor the bands are moved up or down in frequency, as if the vocal tract were shorter or longer: w · f up to a
    /// knee, and from there linearly to <see cref="HighestFrequency"/>, which stays. Training draws it at random (vocal tract length
    /// perturbation, Jaitly and Hinton 2013).</summary>
    /// <value>From 0.7 to 1.3. The default is 1: bands stay where they are.</value>
    public double FrequencyWarp { get; set; } = 1;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The mel spectrogram's options cannot be used");
        Describe(problems);
        problems.ThrowIfAny();
    }

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(SampleRate), SampleRate, 1);
        problems.Require(WindowLength is >= 2 and <= MaxFftLength, nameof(WindowLength), $"from 2 to {MaxFftLength}", WindowLength);
        problems.Require(
            HopLength >= 1 && HopLength <= WindowLength, nameof(HopLength), $"from 1 to the window's {WindowLength}", HopLength);
        problems.Require(
            FftLength >= WindowLength && FftLength % 2 == 0 && FftLength <= MaxFftLength, nameof(FftLength),
            $"an even number, the window's {WindowLength} or more, up to {MaxFftLength}", FftLength);
        problems.Require(Bands is >= 1 and <= MaxFftLength, nameof(Bands), $"from 1 to {MaxFftLength}", Bands);
        problems.Require(LowestFrequency >= 0, nameof(LowestFrequency), "0 Hz or more", LowestFrequency);
        problems.Require(
            HighestFrequency > LowestFrequency && HighestFrequency <= SampleRate / 2.0, nameof(HighestFrequency),
            $"above the lowest frequency and up to half the sample rate, {SampleRate / 2.0} Hz", HighestFrequency);
        problems.Require(PreEmphasis is >= 0 and < 1, nameof(PreEmphasis), "from 0 to below 1", PreEmphasis);
        problems.Require(PowerFloor > 0 && double.IsFinite(PowerFloor), nameof(PowerFloor), "above 0", PowerFloor);
        problems.Require(FrequencyWarp is >= 0.7 and <= 1.3, nameof(FrequencyWarp), "from 0.7 to 1.3", FrequencyWarp);
        bool canLayOut = Bands is >= 1 and <= MaxFftLength && FftLength is >= 2 and <= MaxFftLength
            && SampleRate >= 1 && LowestFrequency >= 0 && HighestFrequency > LowestFrequency;
        if (canLayOut && MelFilters.FirstEmptyBand(this) is int band)
        {
            problems.Add(nameof(Bands),
                $"{nameof(Bands)} must be few enough for every band to have one of the {FftLength / 2 + 1} frequencies of the Fourier "
                + $"transform, but band {band} of {Bands} has none (fewer bands, or a larger {nameof(FftLength)})");
        }
    }

    internal MelSpectrogramOptions Copy() => (MelSpectrogramOptions)MemberwiseClone();
}
