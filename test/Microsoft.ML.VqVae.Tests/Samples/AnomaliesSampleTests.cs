using Microsoft.ML.VqVae.Samples.Anomalies;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Tests.Samples;

/// <summary>The anomalies that the sample makes, and how it measures where they are found.</summary>
[TestClass]
public class AnomaliesSampleTests
{
    [TestMethod]
    public void A_defect_changes_a_few_pixels_and_leaves_the_others()
    {
        var shape = new ImageShape(1, 28, 28);
        float[] clean = [.. Enumerable.Range(0, 784).Select(i => i % 28 is > 7 and < 20 ? 200f : 0)];
        for (int seed = 0; seed < 60; seed++)
        {
            DefectImage image = PaintedDefects.Paint(clean, shape, seed);
            int changed = image.Changed.Count(pixel => pixel);
            Assert.IsTrue(changed is >= 3 and <= 60, $"seed {seed}: {changed} pixels");
            for (int i = 0; i < 784; i++)
                Assert.AreEqual(Math.Abs(image.Pixels[i] - clean[i]) >= 24, image.Changed[i]);
            CollectionAssert.AreEqual(image.Pixels, PaintedDefects.Paint(clean, shape, seed).Pixels);
        }
    }

    [TestMethod]
    public void Localization_is_the_share_of_the_heat_in_the_cells_of_the_defect()
    {
        var shape = new ImageShape(1, 4, 4);
        // Four cells of 2×2 pixels. With a threshold of 10 bits, heat begins at 5 bits and is 1 from 15 on.
        float[] bits = [4, 10, 20, 8];
        bool[] changed = new bool[16];
        changed[2 * 4 + 1] = true;
        (double heat, double area) = PaintedDefects.Localization(bits, 10, changed, shape, (2, 2, 1))!.Value;
        Assert.AreEqual(1 / (0 + 0.5 + 1 + 0.3), heat, 1e-6);
        Assert.AreEqual(0.25, area, 1e-9);
        Assert.IsNull(PaintedDefects.Localization([1, 2, 3, 4], 10, changed, shape, (2, 2, 1)));
    }

    [TestMethod]
    public void The_difference_is_that_within_the_defect()
    {
        var shape = new ImageShape(1, 1, 3);
        var image = new DefectImage([10, 20, 30], [10, 120, 230], [false, true, true]);
        Assert.AreEqual(150, PaintedDefects.Difference(image, image.Pixels, shape));
        Assert.AreEqual(15, PaintedDefects.Difference(image, [99, 30, 50], shape));
    }

    [TestMethod]
    public void Odd_windows_are_of_all_kinds_and_differ_from_the_normal_one()
    {
        SensorWindow[] normal = SensorWindow.Normal(0, 5), odd = SensorWindow.Odd(0, 10);
        Assert.IsTrue(normal.All(window => window is { Label: 0, Kind: "normal" }));
        CollectionAssert.AreEquivalent(SensorWindow.Kinds[1..], odd.Select(window => window.Kind).Distinct().ToArray());
        Assert.IsTrue(odd.All(window => window.Label == 1 && window.Window.All(float.IsFinite)));
        // The same number makes the same window but for what is odd.
        int same = odd.Zip(SensorWindow.Normal(0, 10), (a, b) => a.Window.Zip(b.Window).Count(pair => pair.First == pair.Second)).Sum();
        Assert.IsTrue(same is > 200 and < 1200, $"{same} of 1280 readings");
    }
}
