using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Signal;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Codecs;

/// <summary>From waveforms to the features of a <see cref="MelVqVae"/> and back. Safe for several threads.</summary>
internal sealed class SpeechAnalysis(MelCodecOptions options) : IDisposable
{
    readonly ConcurrentDictionary<(SpeechFeatures Features, double Warp), Lazy<FrameFeatures>> prepared = new();
    readonly Lazy<GriffinLim> griffinLim = new(() => new GriffinLim(new MelSpectrogram(Spectrogram(options, 1)), options.GriffinLimIterations));

    public AudioFeatures Analyse(ReadOnlySpan<float> waveform, SpeechFeatures features, double warp)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        var samples = empty([1, waveform.Length], dtype: ScalarType.Float32);
        waveform.CopyTo(MemoryMarshal.Cast<byte, float>(samples.bytes));
        var frames = prepared.GetOrAdd((features, warp), wanted => new(() => Create(wanted))).Value.Compute(samples).select(0, 0).contiguous();
        var values = MemoryMarshal.Cast<byte, float>(frames.bytes).ToArray();
        return new AudioFeatures(values, (int)frames.shape[0], FeatureStatistics.Of(frames));
    }

    /// <summary>Log-mel frames [1, T, bands] to samples.</summary>
    public float[] Synthesise(Tensor logMel, int seed)
    {
        var samples = Numbers(griffinLim.Value.Invert(logMel, seed).cpu());
        for (var i = 0; i < samples.Length; i++)
            samples[i] = Math.Clamp(samples[i], -1, 1);
        return samples;
    }

    FrameFeatures Create((SpeechFeatures Features, double Warp) wanted)
    {
        var spectrogram = Spectrogram(options, wanted.Warp);
        return wanted.Features == SpeechFeatures.LogMel
            ? new MelSpectrogram(spectrogram)
            : new Mfcc(new MfccOptions { Spectrogram = spectrogram, Coefficients = options.Coefficients });
    }

    static MelSpectrogramOptions Spectrogram(MelCodecOptions options, double warp)
    {
        var length = 2;
        while (length < options.WindowLength)
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
        foreach (var features in prepared.Values)
            features.Value.Dispose();
        if (griffinLim.IsValueCreated)
            griffinLim.Value.Dispose();
    }
}
