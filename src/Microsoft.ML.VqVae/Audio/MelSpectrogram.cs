using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// The log-mel spectrogram of waveforms: ln(power in mel bands + floor) of Hann windows. <see cref="FrameFeatures"/> says which samples a
/// frame belongs to.
/// </summary>
/// <remarks>
/// Power is |DFT|² of the windowed samples, not divided by anything; the window is the periodic Hann window, its middle at the frame's
/// centre (half a sample before it where window and hop differ by an odd number). The bands are triangles of height 1, equally spaced on
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
        return spectrum.narrow(1, 0, points).square() + spectrum.narrow(1, points, points).square();
    }

    /// <summary>The log-mel frames of power spectra [frames, points]: [frames, bands].</summary>
    internal Tensor FromPower(Tensor power) => (power.mm(_filters.On(power.device)) + _options.PowerFloor).log();

    Tensor Emphasized(Tensor waveforms)
    {
        long samples = waveforms.shape[1];
        if (_options.PreEmphasis == 0 || samples == 1)
            return waveforms;
        Tensor later = waveforms.narrow(1, 1, samples - 1) - waveforms.narrow(1, 0, samples - 1) * _options.PreEmphasis;
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
