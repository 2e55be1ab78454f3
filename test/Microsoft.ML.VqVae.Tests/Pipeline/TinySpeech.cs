using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Speech-like sound of a formula, and codecs that are small enough for a test of milliseconds.</summary>
internal static class TinySpeech
{
    public const int SampleRate = 4000, SamplesPerCode = 160, Codes = 6, Dimensions = 4;

    public static readonly string[] Speakers = ["low", "high"];

    public sealed class Row
    {
        public float[] Waveform { get; set; } = [];

        public string Speaker { get; set; } = "";

        public int Number { get; set; }
    }

    /// <summary>Utterances of 0.1 to 0.25 seconds, each other one of the other speaker.</summary>
    public static Row[] Rows(int count) => [.. Enumerable.Range(0, count).Select(number => new Row
    {
        Waveform = Utterance(number, 410 + 97 * (number % 7), SampleRate, number % 2 == 0 ? 110 : 190),
        Speaker = Speakers[number % 2],
        Number = number,
    })];

    /// <summary>The rows with speakers as keys.</summary>
    public static IDataView Data(MLContext ml, params Row[] rows)
    {
        IDataView view = ml.Data.LoadFromEnumerable(rows.Length == 0 ? Rows(7) : rows);
        return ml.Transforms.Conversion.MapValueToKey("Speaker").Fit(ml.Data.LoadFromEnumerable(Rows(2))).Transform(view);
    }

    /// <summary>Vowels one after the other, of 80 ms each, with short rests: harmonics of a pitch under two formants, and a little
    /// noise.</summary>
    public static float[] Utterance(int seed, int samples, int sampleRate, double pitch)
    {
        (double First, double Second)[] vowels = [(300, 870), (660, 1720), (730, 1090), (270, 1700), (520, 1190)];
        var random = new Random(seed);
        float[] waveform = new float[samples];
        int length = sampleRate * 8 / 100;
        for (int start = 0; start < samples; start += length)
        {
            (double first, double second) = vowels[random.Next(vowels.Length)];
            double loud = random.Next(5) == 0 ? 0 : 0.1 + 0.1 * random.NextDouble();
            for (int i = start; i < Math.Min(samples, start + length); i++)
            {
                double sum = 0;
                for (int harmonic = 1; harmonic * pitch < sampleRate * 0.45; harmonic++)
                {
                    double frequency = harmonic * pitch;
                    double weight = 1 / (1 + Math.Pow((frequency - first) / 90, 2)) + 0.6 / (1 + Math.Pow((frequency - second) / 120, 2));
                    sum += weight * Math.Sin(2 * Math.PI * frequency * i / sampleRate);
                }
                double fade = Math.Sin(Math.PI * (i - start + 0.5) / length);
                waveform[i] = (float)(loud * fade * sum + 0.002 * (random.NextDouble() - 0.5));
            }
        }
        return waveform;
    }

    /// <summary>"mel", "adapted" (the same with features that are adapted to the training data), or "waveform".</summary>
    public static AudioCodecOptions Codec(string name) => name switch
    {
        "mel" => Mel(),
        "adapted" => Adapted(),
        _ => Waveform(),
    };

    static MelCodecOptions Adapted()
    {
        MelCodecOptions codec = Mel();
        codec.Normalisation = FeatureNormalisation.Adapted;
        return codec;
    }

    public static MelCodecOptions Mel() => new()
    {
        SampleRate = SampleRate,
        Bands = 20,
        Coefficients = 8,
        Normalisation = FeatureNormalisation.Speaker,
        EncoderChannels = 8,
        DecoderChannels = 8,
        DecoderBlocks = 1,
        VocalTractWarp = 0.1,
        GriffinLimIterations = 3,
    };

    public static WaveformCodecOptions Waveform() => new()
    {
        SampleRate = SampleRate,
        Strides = [2, 4, 4, 5],
        EncoderChannels = 6,
        EncoderBlocks = 1,
        Decoder = new() { Blocks = 1, LayersPerBlock = 3, Channels = 4, SkipChannels = 6, ConditioningChannels = 5 },
    };

    /// <summary>Options for a few steps of real training.</summary>
    public static AudioVqVaeOptions Options(AudioCodecOptions? codec = null, int steps = 5)
    {
        AudioVqVaeOptions options = AudioVqVaeOptions.MelSpeech();
        options.Codec = codec ?? Mel();
        (options.VectorQuantizer.Codes, options.VectorQuantizer.Dimensions, options.VectorQuantizer.UnquantizedSteps) = (Codes, Dimensions, 2);
        (options.Training.Steps, options.Training.BatchSize, options.Training.Seed) = (steps, 4, 3);
        options.SpeakerColumnName = "Speaker";
        options.CropSeconds = 0.16;
        options.PredictionBatchSize = 5;
        return options;
    }
}
