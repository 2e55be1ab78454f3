using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Quantization;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>Utterances are brought to common speech as test/golden/adaptation.py computed it with NumPy, frame by frame; and what different
/// voices say comes nearer.</summary>
[TestClass]
public sealed class SpeakerAdaptationTests
{
    const int Coefficients = 4, FramesPerCode = 4;

    static readonly MelCodecOptions Options =
        new()
        {
            Coefficients = Coefficients, FramesPerCode = FramesPerCode, Normalisation = FeatureNormalisation.Adapted, VocalTractWarp = 0,
        };

    [TestMethod]
    public void The_view_and_the_adapted_frames_agree()
    {
        GoldenFile golden = GoldenFile.Open("adaptation.json", "adaptation");
        int frames = golden.Whole("frames"), centreCount = golden.Whole("centres");
        Assert.AreEqual((Coefficients, FramesPerCode), (golden.Whole("coefficients"), golden.Whole("frames_per_code")));
        using DisposeScope scope = NewDisposeScope();
        using var adaptation = new SpeakerAdaptation(Options);
        Tensor centres = GoldenFile.Make("centres", [centreCount, Coefficients], 1.5);
        Dictionary<string, Tensor> state = adaptation.state_dict();
        state["centres"].copy_(centres);
        state["variances"].copy_(tensor([golden.Number("around"), golden.Number("everything")]));
        Tensor voice = eye(Coefficients) + GoldenFile.Make("voice", [Coefficients, Coefficients], 0.4);
        AudioFeatures[] views = [.. Enumerable.Range(0, golden.Whole("views")).Select(view =>
        {
            Tensor sounds = view == 1
                ? centres.index_select(0, tensor(Enumerable.Range(0, frames / 12 + 1).Select(sound => 7L * sound % centreCount).ToArray()))
                : GoldenFile.Make($"sounds{view}", [frames / 12 + 1, Coefficients], 1.5);
            Tensor held = sounds.unsqueeze(1).expand(-1, 12, -1).reshape(-1, Coefficients).narrow(0, 0, frames);
            return Features(held.matmul(voice) + 0.3);
        })];

        AudioFeatures adapted = adaptation.Adapt(views);

        Assert.AreEqual(views[golden.Whole("chosen")].Values, adapted.Values);
        TensorAssert.Close(golden.Numbers("adapted"), Normalised(adapted), 2e-4, "adapted frames");
    }

    [TestMethod]
    public void Voices_that_say_the_same_come_nearer_to_each_other()
    {
        using DisposeScope scope = NewDisposeScope();
        using var adaptation = new SpeakerAdaptation(Options);
        // Voices are affine maps of sounds. Those of the test say in pairs what none of the others says.
        AudioFeatures[][] heard = [.. Enumerable.Range(0, 30).Select(voice => new[] { Speak(voice, sentence: voice) })];
        (AudioFeatures One, AudioFeatures Other)[] pairs =
            [.. Enumerable.Range(100, 8).Select(sentence => (Speak(2 * sentence, sentence), Speak(2 * sentence + 1, sentence)))];
        adaptation.Fit(heard, seed: 1, CancellationToken.None);

        AudioFeatures Alone(AudioFeatures features) => features with { Normaliser = features.Statistics.Normaliser(0) };
        double before = pairs.Average(pair => Distance(Alone(pair.One), Alone(pair.Other)));
        double after = pairs.Average(pair => Distance(adaptation.Adapt([pair.One]), adaptation.Adapt([pair.Other])));
        Assert.IsLessThan(0.6 * before, after, $"{before} before");

        static double Distance(AudioFeatures one, AudioFeatures other) =>
            (Normalised(one) - Normalised(other)).square().mean().item<float>();
    }

    [TestMethod]
    public void What_was_not_fitted_and_the_shortest_utterance_are_left_alone()
    {
        using DisposeScope scope = NewDisposeScope();
        using var adaptation = new SpeakerAdaptation(Options);
        AudioFeatures[] views = [Speak(1, 1), Speak(2, 2)];
        Assert.AreSame(views[0], adaptation.Adapt(views));
        adaptation.Fit([views, [Speak(3, 3), Speak(4, 4)]], seed: 1, CancellationToken.None);
        Tensor silent = Normalised(adaptation.Adapt([Features(zeros(1, Coefficients))]));
        Assert.IsLessThan(0.3, silent.abs().max().item<float>(), "one frame is no reason to move it far");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => adaptation.Fit([views], seed: 1, cancelled.Token));
    }

    /// <summary>200 steady sounds out of twelve, 12 frames each, as a voice says them.</summary>
    static AudioFeatures Speak(int voice, int sentence)
    {
        (Random? words, Random? tone) = (new Random(sentence), new Random(1000 + voice));
        float[] map = [.. Enumerable.Range(0, Coefficients * Coefficients)
            .Select(i => (i / Coefficients == i % Coefficients ? 1f : 0) + 0.5f * (float)(tone.NextDouble() - 0.5))];
        Tensor sounds = GoldenFile.Make("sounds", [12, Coefficients], 2)
            .index_select(0, tensor(Enumerable.Range(0, 200).Select(_ => words.NextInt64(12)).ToArray()));
        Tensor noise = GoldenFile.Make($"noise {voice}", [200 * 12, Coefficients], 0.1);
        return Features((sounds.unsqueeze(1).expand(-1, 12, -1).reshape(-1, Coefficients) + noise)
            .matmul(tensor(map, [Coefficients, Coefficients])) + tone.NextDouble());
    }

    static AudioFeatures Features(Tensor frames) =>
        new(TensorAssert.Floats(frames), (int)frames.shape[0], FeatureStatistics.Of(frames));

    /// <summary>The frames, mapped as the network does it.</summary>
    static Tensor Normalised(AudioFeatures features)
    {
        Tensor map = tensor(features.Normaliser!, [1 + Coefficients, Coefficients]);
        return (tensor(features.Values.ToArray(), [features.Length, Coefficients]) - map.select(0, 0)).matmul(map.narrow(0, 1, Coefficients).t());
    }
}
