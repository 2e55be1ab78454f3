using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Audio;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Conversion of waveforms to the features of a <see cref="MelVqVae"/> and back. Safe for several threads.</summary>
internal sealed class SpeechAnalysis : IDisposable
{
    /// <summary>The number of warped views of an utterance that training draws from, besides the one that is not warped.</summary>
    const int WarpedViews = 8;

    readonly MelCodecOptions options;
    readonly MelSpectrogram spectrogram;
    readonly Mfcc cepstra;
    readonly Lazy<MelSpectrogram[]> warped;
    readonly Lazy<GriffinLim> griffinLim;

    public SpeechAnalysis(MelCodecOptions options)
    {
        this.options = options;
        spectrogram = new MelSpectrogram(Spectrogram(options, 1));
        cepstra = new Mfcc(new MfccOptions { Spectrogram = Spectrogram(options, 1), Coefficients = options.Coefficients });
        warped = new(() => [.. Warps(options.VocalTractWarp).Select(warp => new MelSpectrogram(Spectrogram(options, warp)))]);
        griffinLim = new(() => new GriffinLim(spectrogram, options.GriffinLimIterations));
    }

    public AudioFeatures Analyse(ReadOnlySpan<float> waveform)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        return Features(spectrogram.FromPower(Power(waveform)), options.Inputs);
    }

    /// <summary>The features of waveforms in an ONNX graph: [B, samples] → [B, T, C].</summary>
    public OnnxValue ToOnnx(OnnxValue waveforms)
    {
        OnnxValue logMel = spectrogram.ToOnnx(waveforms);
        return options.Inputs == SpeechFeatures.LogMel ? logMel : cepstra.ToOnnx(logMel);
    }

    /// <summary>The features of the utterance unchanged, then as spoken with other vocal tracts.</summary>
    public IReadOnlyList<AudioFeatures> Views(ReadOnlySpan<float> waveform)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        return [.. Bands(waveform).Select(bands => Features(bands, options.Inputs))];
    }

    public AudioExample AnalyseExample(ReadOnlySpan<float> waveform)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        Tensor[] logMels = Bands(waveform);
        AudioFeatures[] views = [.. logMels.Select(logMel => Features(logMel, options.Inputs))];
        return new AudioExample(
            views,
            options.Outputs != SpeechFeatures.LogMel ? null
            : options.Inputs == SpeechFeatures.LogMel ? views[0]
            : Features(logMels[0], SpeechFeatures.LogMel));
    }

    /// <summary>Log-mel frames [1, T, bands] to samples.</summary>
    public float[] Synthesize(Tensor logMel, int seed)
    {
        // A decoder may ask for more than any sound that it was trained on.
        using Tensor audible = logMel.ClampMax(GriffinLim.MaxLogPower);
        float[] samples = Numbers(griffinLim.Value.Invert(audible, seed).cpu());
        for (int i = 0; i < samples.Length; i++)
            samples[i] = Math.Clamp(samples[i], -1, 1);
        return samples;
    }

    /// <summary>The log-mel frames of all views.</summary>
    Tensor[] Bands(ReadOnlySpan<float> waveform)
    {
        // The Fourier transform is most of the work, and all views share it.
        Tensor power = Power(waveform);
        return [.. warped.Value.Prepend(spectrogram).Select(view => view.FromPower(power))];
    }

    Tensor Power(ReadOnlySpan<float> waveform)
    {
        Tensor samples = empty([1, waveform.Length], dtype: ScalarType.Float32);
        waveform.CopyTo(MemoryMarshal.Cast<byte, float>(samples.bytes));
        return spectrogram.Power(samples);
    }

    AudioFeatures Features(Tensor logMel, SpeechFeatures wanted)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor frames = wanted == SpeechFeatures.LogMel ? logMel : cepstra.FromLogMel(logMel.unsqueeze(0)).select(0, 0);
        return new AudioFeatures(Numbers(frames), (int)frames.shape[0], FeatureStatistics.Of(frames));
    }

    /// <summary>Warps at equal distances, half of them up and half of them down.</summary>
    internal static IEnumerable<double> Warps(double most) => most == 0 ? [] : Enumerable.Range(0, WarpedViews)
        .Select(view => view - WarpedViews / 2).Select(view => view < 0 ? view : view + 1)
        .Select(view => 1 + most * view / (WarpedViews / 2));

    /// <summary>The settings of the log-mel frames of a codec.</summary>
    internal static MelSpectrogramOptions Spectrogram(MelCodecOptions options, double warp = 1)
    {
        int length = 2;
        // Windows that are too long are found when the options are checked: no power of two need reach them.
        while (length < options.WindowLength && length < MelSpectrogramOptions.MaxFftLength)
            length *= 2;
        return new MelSpectrogramOptions
        {
            SampleRate = options.SampleRate,
            WindowLength = options.WindowLength,
            HopLength = options.HopLength,
            FftLength = length,
            Bands = options.Bands,
            LowestFrequency = options.MinimumFrequency,
            HighestFrequency = options.MaximumFrequencyOrDefault,
            PreEmphasis = options.PreEmphasis,
            FrequencyWarp = warp,
        };
    }

    static float[] Numbers(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.contiguous().bytes).ToArray();

    public void Dispose()
    {
        spectrogram.Dispose();
        cepstra.Dispose();
        foreach (MelSpectrogram view in warped.IsValueCreated ? warped.Value : [])
            view.Dispose();
        if (griffinLim.IsValueCreated)
            griffinLim.Value.Dispose();
    }
}
