using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

[TestClass]
public sealed class FeatureStatisticsTests
{
    const int Size = 5;

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.75)]
    [DataRow(1.0)]
    public void Normalised_features_have_mean_0_and_the_correlations_that_are_left(double decorrelation)
    {
        float[,] frames = Frames(20_000, seed: 1);
        FeatureStatistics before = Measure(frames), after = Measure(Apply(before.Normaliser(decorrelation), frames));
        (double before, double after) off = (OffDiagonal(before), OffDiagonal(after));
        foreach (float mean in after.Means)
            Assert.AreEqual(0, mean, 1e-3);
        Assert.IsGreaterThan(0.3, off.before);
        switch (decorrelation)
        {
            case 0:
                Assert.AreEqual(off.before, off.after, 1e-3, "only scales change");
                break;
            case 1:
                Assert.AreEqual(0, off.after, 2e-3);
                foreach (float deviation in after.Deviations)
                    Assert.AreEqual(1, deviation, 2e-3);
                break;
            default:
                Assert.IsInRange(0.01, off.before / 2, off.after);
                break;
        }
    }

    [TestMethod]
    public void Parts_are_combined_as_if_measured_together()
    {
        float[,] frames = Frames(300, seed: 2);
        FeatureStatistics whole = Measure(frames);
        FeatureStatistics combined = FeatureStatistics.Of([Measure(Part(frames, 0, 40)), Measure(Part(frames, 40, 1)), Measure(Part(frames, 41, 259))]);
        Assert.AreEqual(300, combined.Frames);
        for (int i = 0; i < Size; i++)
            Assert.AreEqual(whole.Means[i], combined.Means[i], 1e-5);
        for (int i = 0; i < Size * Size; i++)
            Assert.AreEqual(whole.Covariance[i], combined.Covariance[i], 1e-4);
    }

    [TestMethod]
    public void Few_frames_and_silence_stay_finite_and_small()
    {
        foreach (int count in (int[])[1, 2, 4])
        {
            foreach (float[,] frames in (float[][,])[Frames(count, seed: 3), new float[count, Size]])
            {
                foreach (float value in Apply(Measure(frames).Normaliser(1), frames))
                    Assert.IsInRange(-20, 20, value, $"{count} frames");
            }
        }
    }

    [TestMethod]
    public void What_is_standard_is_left_as_it_is()
    {
        float[,] frames = Frames(10, seed: 4), after = Apply(FeatureStatistics.Standard(Size).Normaliser(0.75), frames);
        CollectionAssert.AreEqual(frames.Cast<float>().ToArray(), after.Cast<float>().ToArray());
    }

    /// <summary>Random frames whose features depend on each other, and differ in mean and scale.</summary>
    static float[,] Frames(int count, int seed)
    {
        var random = new Random(seed);
        float[,] frames = new float[count, Size];
        for (int row = 0; row < count; row++)
        {
            double common = random.NextDouble() - 0.5;
            for (int column = 0; column < Size; column++)
                frames[row, column] = (float)((1 + column) * (common + 0.6 * (random.NextDouble() - 0.5)) + 3 * column);
        }
        return frames;
    }

    static float[,] Part(float[,] frames, int start, int count)
    {
        float[,] part = new float[count, Size];
        Array.Copy(frames, start * Size, part, 0, count * Size);
        return part;
    }

    static FeatureStatistics Measure(float[,] frames)
    {
        using DisposeScope scope = NewDisposeScope();
        return FeatureStatistics.Of(tensor([.. frames.Cast<float>()], [frames.GetLength(0), Size]));
    }

    static float[,] Apply(float[] normaliser, float[,] frames)
    {
        float[,] result = new float[frames.GetLength(0), Size];
        for (int row = 0; row < frames.GetLength(0); row++)
        {
            for (int column = 0; column < Size; column++)
            {
                double sum = 0;
                for (int from = 0; from < Size; from++)
                    sum += normaliser[(1 + column) * Size + from] * ((double)frames[row, from] - normaliser[from]);
                result[row, column] = (float)sum;
            }
        }
        return result;
    }

    /// <summary>The largest correlation between two features.</summary>
    static double OffDiagonal(FeatureStatistics statistics)
    {
        float[] deviations = statistics.Deviations;
        return (from row in Enumerable.Range(0, Size)
                from column in Enumerable.Range(0, Size)
                where row != column
                select Math.Abs(statistics.Covariance[row * Size + column]) / (deviations[row] * deviations[column])).Max();
    }
}
