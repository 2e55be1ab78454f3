using BenchmarkDotNet.Attributes;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>From ten waveforms of five seconds to codes of phonemes: normalised by themselves, and adapted to common speech.</summary>
[InProcess]
[MemoryDiagnoser]
public class SpeechBenchmarks : IDisposable
{
    const int Seconds = 5, Utterances = 10;

    readonly MLContext ml = new(seed: 1);
    AudioVqVaeTransformer plain = null!, adapted = null!;
    IDataView speech = null!;

    public sealed class Spoken
    {
        public float[] Waveform { get; set; } = [];
    }

    public sealed class Coded
    {
        public uint[] Codes { get; set; } = [];
    }

    [GlobalSetup]
    public void SetUp()
    {
        var random = new Random(1);
        // Noise that swells and fades: what is in it does not matter to how long it takes.
        speech = ml.Data.LoadFromEnumerable(Enumerable.Range(0, Utterances).Select(_ => new Spoken
        {
            Waveform = [.. Enumerable.Range(0, Seconds * 16_000).Select(i => (float)(0.1 * Math.Sin(i / 3000.0) * (random.NextDouble() - 0.5)))],
        }).ToArray());
        plain = Fit(FeatureNormalisation.Utterance);
        adapted = Fit(FeatureNormalisation.Adapted);
    }

    AudioVqVaeTransformer Fit(FeatureNormalisation normalisation)
    {
        AudioVqVaeOptions options = AudioVqVaeOptions.PhonemeFeaturesOfNewSpeakers();
        var codec = (MelCodecOptions)options.Codec;
        codec.Normalisation = normalisation;
        options.Training.Steps = 5;
        return ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(speech);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        plain.Dispose();
        adapted.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public int Encode() => Codes(plain);

    [Benchmark]
    public int EncodeAdapted() => Codes(adapted);

    int Codes(AudioVqVaeTransformer codec) =>
        ml.Data.CreateEnumerable<Coded>(codec.Transform(speech), reuseRowObject: true).Sum(row => row.Codes.Length);
}
