using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// A waveform for a log-mel spectrogram: non-negative least squares from bands back to the power spectrum, then phases that fit by the
/// algorithm of Griffin and Lim in its fast variant with momentum (Perraudin, Balazs and Søndergaard 2013).
/// </summary>
/// <remarks>Pre-emphasis of the spectrogram is undone. The result depends only on the spectrogram and the seed. An instance may be used
/// from several threads. It uses, and does not own, the <see cref="MelSpectrogram"/> that it was made for.</remarks>
public sealed class GriffinLim : IDisposable
{
    /// <summary>The largest logarithm of a power that is turned into sound, of samples of some 10¹⁷ times full scale.</summary>
    internal const float MaxLogPower = 80;

    // The square of the power of louder sound is no finite Single: it is computed as quieter sound, and made louder at the end.
    const float LoudestLogPower = 40;

    const int InversionSteps = 100;
    const double Momentum = 0.99;
    const float Tiny = 1e-12f;

    readonly MelSpectrogram _spectrogram;
    readonly MelSpectrogramOptions _options;
    readonly int _iterations;
    readonly PerDevice _basis, _filters, _normal, _windowSquared;

    /// <summary>Prepares the computation.</summary>
    /// <param name="spectrogram">The spectrogram to invert: its settings are those of the log-mel frames.</param>
    /// <param name="iterations">The number of iterations; 32 is quick, more than 100 gains little.</param>
    public GriffinLim(MelSpectrogram spectrogram, int iterations = 60)
    {
        ArgumentNullException.ThrowIfNull(spectrogram);
        ArgumentOutOfRangeException.ThrowIfNegative(iterations);
        (_spectrogram, _options, _iterations) = (spectrogram, spectrogram.Options, iterations);
        _basis = new PerDevice(FourierBasis.Inverse(_options));
        double[,] filters = EmphasizedFilters(_options);
        _filters = new PerDevice(filters);
        _normal = new PerDevice(Normal(filters));
        _windowSquared = new PerDevice(WindowSquared(_options));
    }

    /// <summary>Waveforms of log-mel spectrograms, on their device.</summary>
    /// <param name="logMel">ln(power + floor), Float32 [B, frames, bands].</param>
    /// <param name="seed">The seed of the initial phases.</param>
    /// <returns>Samples, Float32 [B, frames · hop]; not clipped.</returns>
    /// <exception cref="ArgumentException">The tensor has another shape, or a number that is no logarithm of a power: NaN, or more than
    /// 80.</exception>
    public Tensor Invert(Tensor logMel, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(logMel);
        if (logMel.Dimensions != 3 || logMel.shape[2] != _options.Bands || logMel.dtype != ScalarType.Float32)
        {
            throw new ArgumentException($"The spectrogram must be a Float32 tensor [B, frames, {_options.Bands}], "
                + $"found {logMel.dtype} [{string.Join(", ", logMel.shape)}].", nameof(logMel));
        }
        using DisposeScope scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        long batch = logMel.shape[0], frames = logMel.shape[1];
        if (batch * frames == 0)
            return zeros([batch, frames * _options.HopLength], device: logMel.device).MoveToOuterDisposeScope();
        CheckPower(logMel);
        Tensor louder = logMel.amax([1L, 2L], keepdim: true).Sub(LoudestLogPower).ClampMin(0);
        Tensor magnitude = Magnitude(logMel, louder);
        Tensor envelope = Envelope(batch, frames, logMel.device);
        long points = magnitude.shape[1];
        using Generator generator = SeededRandom.CreateGenerator(seed, 0);
        Tensor angles = rand([batch * frames, points], generator: generator).Mul(2 * Math.PI).to(logMel.device);
        Tensor spectrum = cat([magnitude * angles.cos(), magnitude * angles.sin()], 1);
        Tensor waveform = Overlap(spectrum, envelope, batch, frames);
        Tensor? before = null;
        for (int i = 0; i < _iterations; i++)
        {
            using DisposeScope step = NewDisposeScope();
            Tensor now = _spectrogram.Fourier(waveform);
            Tensor ahead = before is null ? now : now.Add((now - before).Mul(Momentum));
            Tensor real = ahead.narrow(1, 0, points), imaginary = ahead.narrow(1, points, points);
            Tensor scale = magnitude / real.Square().Add(imaginary.Square()).Add(Tiny).sqrt();
            Tensor next = Overlap(cat([real * scale, imaginary * scale], 1), envelope, batch, frames);
            before?.Dispose();
            waveform.Dispose();
            (before, waveform) = (now.MoveToOuterDisposeScope(), next.MoveToOuterDisposeScope());
        }
        return (waveform * louder.Mul(0.5).exp().view(batch, 1)).MoveToOuterDisposeScope();
    }

    static void CheckPower(Tensor logMel)
    {
        using Tensor largest = logMel.max();
        float found = largest.item<float>();
        if (!(found <= MaxLogPower))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture,
                $"The spectrogram has the value {found}: expected are natural logarithms of power, of at most {MaxLogPower}. Take the logarithm "
                + $"of the power of each band first."), nameof(logMel));
        }
    }

    /// <summary>The waveform of one log-mel spectrogram.</summary>
    /// <param name="logMel">ln(power + floor) by frame and band.</param>
    /// <param name="seed">The seed of the initial phases.</param>
    /// <returns>frames · hop samples; not clipped.</returns>
    /// <exception cref="ArgumentException">A frame has another number of bands, or a number that is no logarithm of a power: NaN, or more
    /// than 80.</exception>
    public float[] Invert(float[,] logMel, int seed = 0)
    {
        ArgumentNullException.ThrowIfNull(logMel);
        using DisposeScope scope = NewDisposeScope();
        Tensor input = empty([1, logMel.GetLength(0), logMel.GetLength(1)], dtype: ScalarType.Float32);
        if (logMel.Length > 0)
            MemoryMarshal.CreateReadOnlySpan(ref logMel[0, 0], logMel.Length).CopyTo(MemoryMarshal.Cast<byte, float>(input.bytes));
        Tensor waveform = Invert(input, seed);
        return waveform.numel() == 0 ? [] : MemoryMarshal.Cast<byte, float>(waveform.contiguous().bytes).ToArray();
    }

    // Non-negative least squares by the multiplicative updates of Lee and Seung: p ← p · (mFᵀ) / (pFFᵀ), which keep p positive.
    Tensor Magnitude(Tensor logMel, Tensor louder)
    {
        Tensor filters = _filters.On(logMel.device), normal = _normal.On(logMel.device);
        Tensor floor = louder.Mul(-1).exp().Mul(_options.PowerFloor);
        Tensor bands = ((logMel - louder).exp() - floor).relu().reshape(-1, _options.Bands);
        Tensor wanted = bands.mm(filters.t());
        Tensor power = wanted.Add(Tiny);
        for (int i = 0; i < InversionSteps; i++)
        {
            using DisposeScope step = NewDisposeScope();
            Tensor next = power * wanted / power.mm(normal).Add(Tiny);
            power.Dispose();
            power = next.MoveToOuterDisposeScope();
        }
        return power.sqrt();
    }

    // Windows of spectra, laid over each other; where they overlap, weighted by their squares.
    Tensor Overlap(Tensor spectrum, Tensor envelope, long batch, long frames) =>
        Add(spectrum.mm(_basis.On(spectrum.device)).view(batch, frames, _options.WindowLength)) / envelope;

    Tensor Envelope(long batch, long frames, Device device) =>
        Add(_windowSquared.On(device).view(1, 1, -1).expand(batch, frames, -1)).Add(Tiny);

    // A window is cut into pieces of a hop; the k-th pieces of all frames lie side by side, k hops later than their frames.
    Tensor Add(Tensor windows)
    {
        long batch = windows.shape[0], frames = windows.shape[1], hop = _options.HopLength, window = _options.WindowLength;
        long pieces = (window + hop - 1) / hop;
        Tensor sum = zeros([batch, frames + pieces - 1, hop], device: windows.device);
        for (long k = 0; k < pieces; k++)
        {
            long length = Math.Min(hop, window - k * hop);
            sum.narrow(1, k, frames).narrow(2, 0, length).Add_(windows.narrow(2, k * hop, length));
        }
        return sum.view(batch, -1).narrow(1, _spectrogram.Margin, frames * hop);
    }

    // The waveform is looked for as it is without pre-emphasis: |1 - a·exp(-iω)|² goes into the weights of the bands.
    static double[,] EmphasizedFilters(MelSpectrogramOptions options)
    {
        double[,] filters = MelFilters.Create(options);
        double a = options.PreEmphasis;
        for (int point = 0; point < filters.GetLength(0); point++)
        {
            double gain = 1 + a * a - 2 * a * Math.Cos(2 * Math.PI * point / options.FftLength);
            for (int band = 0; band < options.Bands; band++)
                filters[point, band] *= gain;
        }
        return filters;
    }

    // F·Fᵀ; only neighboring bands overlap, so most of it is zero.
    static double[,] Normal(double[,] filters)
    {
        int points = filters.GetLength(0), bands = filters.GetLength(1);
        double[,] normal = new double[points, points];
        for (int band = 0; band < bands; band++)
        {
            int[] within = [.. Enumerable.Range(0, points).Where(point => filters[point, band] != 0)];
            foreach (int i in within)
            {
                foreach (int j in within)
                    normal[i, j] += filters[i, band] * filters[j, band];
            }
        }
        return normal;
    }

    static double[,] WindowSquared(MelSpectrogramOptions options)
    {
        double[,] squared = new double[1, options.WindowLength];
        for (int sample = 0; sample < options.WindowLength; sample++)
            squared[0, sample] = Math.Pow(FourierBasis.Hann(sample, options.WindowLength), 2);
        return squared;
    }

    /// <summary>Frees the constants of the computation.</summary>
    public void Dispose()
    {
        _basis.Dispose();
        _filters.Dispose();
        _normal.Dispose();
        _windowSquared.Dispose();
    }
}
