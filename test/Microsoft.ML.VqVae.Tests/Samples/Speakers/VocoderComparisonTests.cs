using Microsoft.ML.VqVae.Samples.Speakers;
using Microsoft.ML.VqVae.Samples.Speech;
using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Samples.Speakers;

/// <summary>The distance of two sounds.</summary>
[TestClass]
public sealed class VocoderComparisonTests
{
    static readonly float[] Sound = TinySpeech.Utterance(seed: 1, samples: 16_000, sampleRate: 16_000, pitch: 120);

    [TestMethod]
    public void A_sound_is_at_no_distance_from_itself() => Assert.AreEqual(0, VocoderComparison.SpectralDistance(Sound, Sound));

    [TestMethod]
    public void A_sound_of_twice_the_amplitude_is_six_decibels_away()
    {
        // Without silence, where the floor of the logarithm counts.
        var random = new Random(1);
        float[] noise = [.. Enumerable.Range(0, 8_000).Select(_ => (float)(random.NextDouble() - 0.5))];
        // 20 · log10(2).
        Assert.AreEqual(6.0206, VocoderComparison.SpectralDistance([.. noise.Select(sample => 2 * sample)], noise), 1e-3);
    }

    [TestMethod]
    public void The_vocoder_has_a_checkpoint_of_its_own()
    {
        var settings = new SpeechSettings { CheckpointFolder = "checkpoints" };
        Assert.AreEqual(Path.Combine("checkpoints", "vocoder"), Options(settings));
        Assert.AreEqual("checkpoints", SpeechPipeline.CodecOptions(settings, steps: 1).Training.CheckpointFolder);
        Assert.IsNull(Options(new SpeechSettings()));

        static string? Options(SpeechSettings settings) => VocoderComparison.Options(
            SpeechPipeline.CodecOptions(settings, steps: 1), settings, SpeakerPlan.For(settings)).Training.CheckpointFolder;
    }

    [TestMethod]
    public void The_longer_sound_is_compared_as_far_as_the_other_reaches() =>
        Assert.AreEqual(0, VocoderComparison.SpectralDistance([.. Sound, .. new float[1600]], Sound), 0.5);
}
