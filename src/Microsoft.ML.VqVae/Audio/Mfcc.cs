using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// Mel-frequency cepstral coefficients: the first coefficients of the orthonormal discrete cosine transform (DCT-II) of a log-mel
/// spectrogram's bands. <see cref="FrameFeatures"/> describes the samples of a frame.
/// </summary>
/// <remarks>c_k = s_k · Σ_b m_b · cos(π k (b + ½) / bands) with s_0 = √(1/bands) and s_k = √(2/bands). No liftering.</remarks>
public sealed class Mfcc : FrameFeatures
{
    readonly MfccOptions _options;
    readonly MelSpectrogram _spectrogram;
    readonly PerDevice _cosines;

    /// <summary>Prepares the computation.</summary>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work; the message lists all of them.</exception>
    public Mfcc(MfccOptions? options = null)
    {
        _options = (options ?? new MfccOptions()).Copy();
        _options.Validate();
        _spectrogram = new MelSpectrogram(_options.Spectrogram);
        int bands = _spectrogram.Size;
        double[,] cosines = new double[bands, _options.Coefficients];
        for (int band = 0; band < bands; band++)
        {
            for (int k = 0; k < _options.Coefficients; k++)
                cosines[band, k] = Math.Sqrt((k == 0 ? 1.0 : 2.0) / bands) * Math.Cos(Math.PI * k * (band + 0.5) / bands);
        }
        _cosines = new PerDevice(cosines);
    }

    /// <inheritdoc/>
    public override int SampleRate => _spectrogram.SampleRate;

    /// <inheritdoc/>
    public override int HopLength => _spectrogram.HopLength;

    /// <summary>The number of coefficients.</summary>
    public override int Size => _options.Coefficients;

    /// <summary>A copy of the settings.</summary>
    public MfccOptions Options => _options.Copy();

    private protected override Tensor Frames(Tensor waveforms) => FromLogMel(_spectrogram.Compute(waveforms));

    /// <summary>The coefficients of a log-mel spectrogram; gradients pass.</summary>
    /// <param name="logMel">Float32 [B, frames, bands].</param>
    /// <returns>Float32 [B, frames, <see cref="Size"/>].</returns>
    public Tensor FromLogMel(Tensor logMel)
    {
        ArgumentNullException.ThrowIfNull(logMel);
        if (logMel.Dimensions != 3 || logMel.shape[2] != _spectrogram.Size)
        {
            throw new ArgumentException(
                $"The spectrogram must be a tensor [B, frames, {_spectrogram.Size}], found [{string.Join(", ", logMel.shape)}].",
                nameof(logMel));
        }
        using DisposeScope scope = NewDisposeScope();
        return logMel.reshape(-1, _spectrogram.Size).mm(_cosines.On(logMel.device)).view(logMel.shape[0], logMel.shape[1], Size)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph.</summary>
    internal OnnxValue ToOnnx(OnnxValue logMel) => logMel.MatMul(_cosines.On(CPU));

    private protected override void Dispose(bool disposing)
    {
        _spectrogram.Dispose();
        _cosines.Dispose();
    }
}

/// <summary>The settings of <see cref="Mfcc"/>.</summary>
public sealed class MfccOptions
{
    /// <summary>The log-mel spectrogram of which the coefficients are computed.</summary>
    /// <value>The default is that of <see cref="MelSpectrogramOptions"/> with a pre-emphasis of 0.97.</value>
    public MelSpectrogramOptions Spectrogram { get; set; } = new() { PreEmphasis = 0.97 };

    /// <summary>The number of coefficients to keep, from c0 (the mean of the bands, times √bands) up.</summary>
    /// <value>From 1 to the number of bands. The default is 13: c0 to c12.</value>
    public int Coefficients { get; set; } = 13;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The options of the cepstral coefficients cannot be used", Describe);

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
