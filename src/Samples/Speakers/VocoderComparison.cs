using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>Sound of decoded frames by a WaveNet, compared with that of the Griffin-Lim algorithm.</summary>
internal static class VocoderComparison
{
    /// <summary>The column of the codec with the decoded frames.</summary>
    public const string Frames = "Frames";

    /// <summary>The settings of the vocoder for the frames of the codec.</summary>
    public static VocoderOptions Options(AudioVqVaeOptions codec, SpeechSettings settings, SpeakerPlan plan)
    {
        var options = new VocoderOptions { Codec = (MelCodecOptions)codec.Codec };
        options.Training.Steps = plan.VocoderSteps;
        options.Training.Seed = settings.Seed;
        // Beside the checkpoint of the codec, which has the folder itself.
        options.Training.CheckpointFolder = settings.CheckpointFolder is { } folder ? Path.Combine(folder, "vocoder") : null;
        return options;
    }

    /// <summary>Lets the classifiers hear both, and compares spectra with those of the recordings.</summary>
    /// <param name="classifiers">The classifiers, trained on recordings.</param>
    /// <param name="recordings">The recorded sentences.</param>
    /// <param name="griffinLim">Reconstructions and conversions of all sentences by the Griffin-Lim algorithm.</param>
    /// <param name="waveNet">Those of some sentences by the WaveNet.</param>
    /// <param name="vocoder">The trained WaveNet.</param>
    /// <param name="seconds">The time that it took to make its sounds.</param>
    public static VocoderMetrics Measure(
        SpeechClassifiers classifiers, Spoken[] recordings, Spoken[] griffinLim, Spoken[] waveNet, VocoderTransformer vocoder, double seconds)
    {
        Spoken[] same = [.. griffinLim.Where(sound => waveNet.Any(made => made.Of == sound.Of && made.Voice == sound.Voice))];
        return new VocoderMetrics
        {
            TrainMinutes = Math.Round(vocoder.TrainingSummary!.Elapsed.TotalMinutes, 2),
            NatsPerSample = vocoder.TrainingSummary.Last.Loss,
            TimesRealTime = waveNet.Sum(sound => sound.Waveform.Length) / (double)Spectrogram.SampleRate / seconds,
            Utterances = waveNet.DistinctBy(sound => sound.Of).Count(),
            GriffinLim = Score(same),
            WaveNet = Score(waveNet),
        };

        SoundMetrics Score(Spoken[] sounds)
        {
            Spoken[] reconstructed = [.. sounds.Where(sound => !sound.IsConversion)], converted = [.. sounds.Where(sound => sound.IsConversion)];
            string[] heard = classifiers.Speakers(converted);
            return new SoundMetrics
            {
                PhoneAccuracyReconstructed = classifiers.PhoneAccuracy(reconstructed),
                PhoneAccuracyConverted = classifiers.PhoneAccuracy(converted),
                ConvertedRecognisedAsTarget = heard.Zip(converted).Average(pair => pair.First == pair.Second.Voice ? 1.0 : 0.0),
                SpectralDistance = reconstructed.Average(sound =>
                    SpectralDistance(sound.Waveform, recordings.First(recording => recording.Of == sound.Of).Waveform)),
            };
        }
    }

    /// <summary>The log-spectral distance in mel bands: the root of the mean squared difference in decibels of a frame's bands, averaged over
    /// the frames.</summary>
    internal static double SpectralDistance(float[] sound, float[] recording)
    {
        using var mel = new MelSpectrogram();
        float[,] left = mel.Compute(sound), right = mel.Compute(recording);
        int frames = Math.Min(left.GetLength(0), right.GetLength(0)), bands = left.GetLength(1);
        // Of natural logarithms of power.
        double decibels = 10 / Math.Log(10), sum = 0;
        for (int frame = 0; frame < frames; frame++)
        {
            double squares = 0;
            for (int band = 0; band < bands; band++)
                squares += Math.Pow(decibels * (left[frame, band] - right[frame, band]), 2);
            sum += Math.Sqrt(squares / bands);
        }
        return sum / frames;
    }
}

/// <summary>The comparison of a WaveNet with the Griffin-Lim algorithm, on the same decoded frames.</summary>
internal sealed record VocoderMetrics
{
    public required double TrainMinutes { get; init; }

    /// <summary>−ln p of a sample in the last steps of training.</summary>
    public required double NatsPerSample { get; init; }

    /// <summary>Seconds of sound that the WaveNet makes in a second.</summary>
    public required double TimesRealTime { get; init; }

    /// <summary>The number of sentences that the figures are of, each in all voices.</summary>
    public required int Utterances { get; init; }

    public required SoundMetrics GriffinLim { get; init; }

    public required SoundMetrics WaveNet { get; init; }

    public void AddTo(Table table)
    {
        Row("phone accuracy on reconstructions", sound => $"{sound.PhoneAccuracyReconstructed:0.0%}");
        Row("phone accuracy on conversions", sound => $"{sound.PhoneAccuracyConverted:0.0%}");
        Row("conversions classified as the target voice", sound => $"{sound.ConvertedRecognisedAsTarget:0.0%}");
        Row("spectral distance of reconstructions", sound => $"{sound.SpectralDistance:0.0} dB");

        void Row(string name, Func<SoundMetrics, string> read) =>
            table.AddRow($"WaveNet: {name}", read(WaveNet), $"{read(GriffinLim)} by Griffin-Lim");
    }
}

/// <summary>Figures of one way from frames to sound.</summary>
internal sealed record SoundMetrics
{
    public required double PhoneAccuracyReconstructed { get; init; }

    public required double PhoneAccuracyConverted { get; init; }

    public required double ConvertedRecognisedAsTarget { get; init; }

    /// <summary>Log-spectral distance of reconstructions to the recordings in mel bands, in decibels.</summary>
    public required double SpectralDistance { get; init; }
}
