using Microsoft.ML.VqVae.Samples.Phonemes;

namespace Microsoft.ML.VqVae.Tests.Samples.Phonemes;

/// <summary>What codes are compared with, on features of a formula.</summary>
[TestClass]
public sealed class PhoneReferencesTests
{
    const int Size = 3, FramesPerCode = 4;

    [TestMethod]
    public void Windows_hold_the_frames_around_a_code_and_zeros_beyond_the_ends()
    {
        // Frame f of utterance u is (100 u + f, …); 6 frames are two codes, the second of half the frames.
        var positions = new FeaturePositions([Utterance(1, 6), Utterance(2, 4)], Size, FramesPerCode, ["a", "b", "c"]);
        Assert.AreEqual(3, positions.Count);
        Assert.AreEqual((FramesPerCode + 2 * 2) * Size, positions.WindowSize(2));
        CollectionAssert.AreEqual(new float[] { 0, 0, 100, 101, 102, 103, 104, 105 }, Window(0));
        CollectionAssert.AreEqual(new float[] { 102, 103, 104, 105, 0, 0, 0, 0 }, Window(1));
        CollectionAssert.AreEqual(new float[] { 0, 0, 200, 201, 202, 203, 0, 0 }, Window(2));
        Assert.ThrowsExactly<ArgumentException>(() => new FeaturePositions([Utterance(1, 6)], Size, FramesPerCode, ["a"]));

        float[] Window(int position)
        {
            float[] window = new float[positions.WindowSize(2)];
            window.AsSpan().Fill(7);
            positions.CopyWindow(position, 2, window);
            return [.. window.Where((_, index) => index % Size == 0)];
        }

        static float[] Utterance(int number, int frames) =>
            [.. Enumerable.Range(0, frames).SelectMany(frame => Enumerable.Repeat(100f * number + frame, Size))];
    }

    [TestMethod]
    public void Means_are_weighted_by_a_window_and_by_coefficient()
    {
        // A straight line has its value at the center of the window; at the start, only the second half of the window is there.
        var positions = new FeaturePositions(
            [[.. Enumerable.Range(0, 12).SelectMany(frame => new float[] { frame, frame, frame })]], Size, FramesPerCode, null);
        float[] middle = positions.Mean(1, 8);
        Assert.AreEqual(5.5f, middle[0], 1e-5f);
        Assert.AreEqual(5.5 * Math.Sqrt(0.75), middle[1], 1e-5);
        Assert.AreEqual(5.5 * Math.Sqrt(0.5), middle[2], 1e-5);
        double[] weights = [.. Enumerable.Range(2, 6).Select(i => Math.Pow(Math.Sin(Math.PI * (i + 0.5) / 8), 2))];
        Assert.AreEqual(weights.Select((weight, frame) => weight * frame).Sum() / weights.Sum(), positions.Mean(0, 8)[0], 1e-5);
    }

    [TestMethod]
    public void Clusters_and_the_supervised_network_find_phones_that_the_features_tell_apart()
    {
        (FeaturePositions train, FeaturePositions test) = (Speech(1, 40), Speech(2, 10));
        IReadOnlyList<FeatureClusters.Start> starts = new FeatureClusters(seed: 1, clusters: 3, width: 4).Find(
            [train], train, test, _ => { }, CancellationToken.None);
        Assert.HasCount(FeatureClusters.Starts, starts);
        FeatureClusters.Start best = starts.MinBy(start => start.Error)!;
        Assert.IsTrue(starts.All(start => start.Error >= best.Error));
        Assert.IsTrue(best.Test.All(cluster => cluster is >= 1 and <= 3));
        var known = new CodePhoneCounts(best.Train.Zip(train.Phones));
        Assert.IsGreaterThan(0.95, known.AccuracyOn(new CodePhoneCounts(best.Test.Zip(test.Phones))));
        IReadOnlyList<FeatureClusters.Start> again = new FeatureClusters(seed: 1, clusters: 3, width: 4).Find(
            [train], train, test, _ => { }, CancellationToken.None);
        CollectionAssert.AreEqual(starts.Select(start => start.Error).ToArray(), again.Select(start => start.Error).ToArray());

        (string Phone, string Spoken)[] predicted =
            new SupervisedPhones(train, test, seed: 1).Predict(60, _ => { }, CancellationToken.None);
        Assert.IsGreaterThan(0.95, predicted.Zip(test.Phones).Average(pair => pair.First.Phone == pair.Second ? 1.0 : 0.0));
        Assert.IsTrue(predicted.All(pair => pair.Spoken is "a" or "s"), "silence is not among the spoken phones");
    }

    /// <summary>Utterances of 8 codes each, of three phones with a feature of their own each, with noise.</summary>
    static FeaturePositions Speech(int seed, int utterances)
    {
        var random = new Random(seed);
        string[] names = ["pau", "a", "s"], phones = [.. Enumerable.Range(0, utterances * 8).Select(_ => names[random.Next(3)])];
        return new FeaturePositions(
            Enumerable.Range(0, utterances).Select(utterance => Enumerable.Range(0, 8 * FramesPerCode * Size).Select(i =>
                (phones[utterance * 8 + i / (FramesPerCode * Size)] == names[i % Size] ? 4f : 0f) + (float)random.NextDouble()).ToArray()),
            Size, FramesPerCode, phones);
    }
}
