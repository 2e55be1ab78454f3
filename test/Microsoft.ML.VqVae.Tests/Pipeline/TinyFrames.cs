using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Log-mel frames with their sound, and settings of a vocoder for a test of milliseconds.</summary>
internal static class TinyFrames
{
    public const int SamplesPerFrame = 40;

    public static readonly int Bands = TinySpeech.Mel().Bands;

    public sealed class Row
    {
        public float[] Frames { get; set; } = [];

        public float[] Waveform { get; set; } = [];
    }

    /// <summary>Utterances of 6 to 18 frames with the frames of their own spectrum.</summary>
    public static Row[] Rows(int count) => [.. TinySpeech.Rows(count).Select((row, number) =>
    {
        float[] waveform = row.Waveform[..(6 * SamplesPerFrame - 13 * (number % 3) + 2 * SamplesPerFrame * (number % 7))];
        return new Row { Waveform = waveform, Frames = FramesOf(waveform) };
    })];

    public static float[] FramesOf(float[] waveform)
    {
        using var mel = new MelSpectrogram(SpeechAnalysis.Spectrogram(TinySpeech.Mel()));
        return [.. mel.Compute(waveform).Cast<float>()];
    }

    public static VocoderOptions Options(int steps = 4)
    {
        var options = new VocoderOptions
        {
            Codec = TinySpeech.Mel(), PredictionOrder = 6, CropFrames = 4, PredictionBatchSize = 3,
            Network = new() { Blocks = 1, LayersPerBlock = 3, Channels = 4, SkipChannels = 6, ConditioningChannels = 5, FramesPerLatent = 2 },
        };
        (options.Training.Steps, options.Training.BatchSize, options.Training.Seed) = (steps, 4, 3);
        return options;
    }
}
