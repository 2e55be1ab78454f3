using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static System.FormattableString;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// The log-mel spectrogram of waveforms: ln(power in mel bands + floor) of Hann windows. <see cref="FrameFeatures"/> describes the samples
/// of a frame.
/// </summary>
/// <remarks>
/// Power is |DFT|² of the windowed samples, not divided by anything; the window is the periodic Hann window, its middle at the frame's
/// center (half a sample before it where window and hop differ by an odd number). The bands are triangles of height 1, equally spaced on
/// the mel scale 2595 · log10(1 + f/700). The transform is computed as a product with a matrix, which is as fast as a fast Fourier
/// transform at these sizes and runs on every device.
/// </remarks>
public sealed class MelSpectrogram : FrameFeatures
{
    readonly MelSpectrogramOptions _options;
    readonly PerDevice _basis, _filters;

    /// <summary>Prepares the computation.</summary>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work; the message lists all of them.</exception>
    public MelSpectrogram(MelSpectrogramOptions? options = null)
    {
        _options = (options ?? new MelSpectrogramOptions()).Copy();
        _options.Validate();
        _basis = new PerDevice(FourierBasis.Forward(_options));
        _filters = new PerDevice(MelFilters.Create(_options));
    }

    /// <inheritdoc/>
    public override int SampleRate => _options.SampleRate;

    /// <inheritdoc/>
    public override int HopLength => _options.HopLength;

    /// <summary>The number of mel bands.</summary>
    public override int Size => _options.Bands;

    /// <summary>A copy of the settings.</summary>
    public MelSpectrogramOptions Options => _options.Copy();

    private protected override Tensor Frames(Tensor waveforms)
    {
        long batch = waveforms.shape[0], frames = FramesOf(waveforms.shape[1]);
        if (batch * frames == 0)
            return zeros([batch, frames, Size], device: waveforms.device);
        return FromPower(Power(waveforms)).view(batch, frames, Size);
    }

    /// <summary>The power spectra of all frames of waveforms [B, samples]: [B · frames, points]. It does not depend on the bands.</summary>
    internal Tensor Power(Tensor waveforms)
    {
        Tensor spectrum = Fourier(Emphasized(waveforms));
        long points = _options.FftLength / 2 + 1;
        return spectrum.narrow(1, 0, points).Square().Add(spectrum.narrow(1, points, points).Square());
    }

    /// <summary>The log-mel frames of power spectra [frames, points]: [frames, bands].</summary>
    internal Tensor FromPower(Tensor power) => power.mm(_filters.On(power.device)).Add(_options.PowerFloor).log();

    /// <summary>The log-mel frames of waveforms in an ONNX graph: [B, samples] → [B, frames, bands].</summary>
    internal OnnxValue ToOnnx(OnnxValue waveforms)
    {
        OnnxValue emphasized = _options.PreEmphasis == 0 ? waveforms
            : waveforms - waveforms.Pad(axis: 1, before: 1, after: 0).WithoutLast(axis: 1) * _options.PreEmphasis;
        // With these zeros there are ⌈samples / hop⌉ windows, whatever the number of samples.
        OnnxValue spectrum = emphasized.Windows(_basis.On(CPU), HopLength, Margin, _options.WindowLength - Margin - 1);
        long points = _options.FftLength / 2 + 1;
        OnnxValue power = spectrum.Narrow(axis: 1, start: 0, points).Square() + spectrum.Narrow(axis: 1, start: points, points).Square();
        return (power.ChannelsLast().MatMul(_filters.On(CPU)) + _options.PowerFloor).Log();
    }

    Tensor Emphasized(Tensor waveforms)
    {
        long samples = waveforms.shape[1];
        if (_options.PreEmphasis == 0 || samples == 1)
            return waveforms;
        Tensor later = waveforms.narrow(1, 1, samples - 1) - waveforms.narrow(1, 0, samples - 1).Mul(_options.PreEmphasis);
        return cat([waveforms.narrow(1, 0, 1), later], 1);
    }

    /// <summary>From [B, samples] to the real parts, then the imaginary parts, of the spectra of all frames: [B · frames, 2 ·
    /// points].</summary>
    internal Tensor Fourier(Tensor waveforms)
    {
        long batch = waveforms.shape[0], samples = waveforms.shape[1], window = _options.WindowLength;
        long covered = (FramesOf(samples) - 1) * HopLength + window;
        Tensor padded = cat(
            [
                zeros([batch, Margin], device: waveforms.device),
                waveforms,
                zeros([batch, covered - Margin - samples], device: waveforms.device),
            ],
            1);
        return padded.unfold(1, window, HopLength).reshape(-1, window).mm(_basis.On(waveforms.device));
    }

    /// <summary>Samples of the first window that lie before the waveform.</summary>
    internal long Margin => (_options.WindowLength - _options.HopLength) / 2;

    private protected override void Dispose(bool disposing)
    {
        _basis.Dispose();
        _filters.Dispose();
    }
}

/// <summary>The settings of a <see cref="MelSpectrogram"/>. The defaults are those of speech at 16 kHz: windows of 25 ms every 10 ms, 80
/// bands from 50 to 7600 Hz.</summary>
public sealed class MelSpectrogramOptions
{
    /// <summary>The maximum <see cref="FftLength"/>, and so the maximum <see cref="WindowLength"/>.</summary>
    internal const int MaxFftLength = 4096;

    /// <summary>Samples per second of the waveforms.</summary>
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

    /// <summary>The floor added to the power of a band before the logarithm, so that silence has a finite value.</summary>
    /// <value>Above zero. The default is 1e-6; the power of full-scale speech is 1 to 1000.</value>
    public double PowerFloor { get; set; } = 1e-6;

    /// <summary>The factor by which the bands are moved up or down in frequency, as if the vocal tract were shorter or longer: w · f up to
    /// a
    /// knee, and from there linearly to <see cref="HighestFrequency"/>, which stays. Training draws it at random (vocal tract length
    /// perturbation, Jaitly and Hinton 2013).</summary>
    /// <value>From 0.7 to 1.3. The default is 1: bands stay where they are.</value>
    public double FrequencyWarp { get; set; } = 1;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The mel spectrogram's options cannot be used", Describe);

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
            Invariant($"above the lowest frequency and up to half the sample rate, {SampleRate / 2.0} Hz"), HighestFrequency);
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

/// <summary>
/// Triangular bands, equally spaced on the mel scale m(f) = 2595 · log10(1 + f/700). A triangle rises from 0 at the center of the
/// band below to 1 at its own center and falls to 0 at the center of the band above, linearly in Hz.
/// </summary>
internal static class MelFilters
{
    /// <summary>The frequency at which the warp starts to decrease, as a share of the maximum frequency.</summary>
    const double WarpKnee = 0.63;

    /// <summary>The weights by point of the Fourier transform (FFT/2 + 1 of them) and band.</summary>
    public static double[,] Create(MelSpectrogramOptions options)
    {
        double[] edges = Edges(options);
        int points = options.FftLength / 2 + 1;
        double[,] weights = new double[points, options.Bands];
        for (int point = 0; point < points; point++)
        {
            for (int band = 0; band < options.Bands; band++)
                weights[point, band] = Weight(edges, band, (double)point * options.SampleRate / options.FftLength);
        }
        return weights;
    }

    /// <summary>The frequency at which each band has the weight 1, in Hz.</summary>
    public static double[] Centers(MelSpectrogramOptions options) => Edges(options)[1..^1];

    /// <summary>A band without a point of the Fourier transform, or null.</summary>
    public static int? FirstEmptyBand(MelSpectrogramOptions options)
    {
        double[] edges = Edges(options);
        double spacing = (double)options.SampleRate / options.FftLength;
        for (int band = 0; band < options.Bands; band++)
        {
            double first = (Math.Floor(edges[band] / spacing) + 1) * spacing;
            if (!(first < edges[band + 2]))
                return band;
        }
        return null;
    }

    static double Weight(double[] edges, int band, double frequency)
    {
        (double low, double centre, double high) = (edges[band], edges[band + 1], edges[band + 2]);
        return Math.Max(0, Math.Min((frequency - low) / (centre - low), (high - frequency) / (high - centre)));
    }

    static double[] Edges(MelSpectrogramOptions options)
    {
        double low = ToMel(options.LowestFrequency), high = ToMel(options.HighestFrequency);
        return [.. Enumerable.Range(0, options.Bands + 2)
            .Select(edge => Warp(ToHertz(low + (high - low) * edge / (options.Bands + 1)), options))];
    }

    static double Warp(double frequency, MelSpectrogramOptions options)
    {
        double warp = options.FrequencyWarp, top = options.HighestFrequency, knee = WarpKnee * top * Math.Min(1, 1 / warp);
        return frequency <= knee ? frequency * warp : knee * warp + (frequency - knee) * (top - knee * warp) / (top - knee);
    }

    static double ToMel(double frequency) => 2595 * Math.Log10(1 + frequency / 700);

    static double ToHertz(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);
}
