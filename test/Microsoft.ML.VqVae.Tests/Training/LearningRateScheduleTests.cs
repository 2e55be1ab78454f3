using System.Globalization;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>The learning rate over a run.</summary>
[TestClass]
public sealed class LearningRateScheduleTests
{
    [TestMethod]
    public void Constant_stays()
    {
        Assert.AreEqual(1, LearningRateSchedule.Constant.FactorAt(0, 10));
        Assert.AreEqual(1, LearningRateSchedule.Constant.FactorAt(9, 10));
    }

    [TestMethod]
    [DataRow(0, 0.01)]
    [DataRow(49, 0.5)]
    [DataRow(99, 1.0)]
    [DataRow(400, 1.0)]
    [DataRow(700, 0.51)]
    [DataRow(1000, 0.02)]
    public void Warmup_hold_linear_rises_holds_and_falls(int step, double expected) =>
        Assert.AreEqual(expected, LearningRateSchedule.WarmupHoldLinear(100, 0.4, 0.02).FactorAt(step, 1000), 1e-12);

    [TestMethod]
    public void Warmup_hold_linear_may_hold_to_the_end() =>
        Assert.AreEqual(1, LearningRateSchedule.WarmupHoldLinear(0, 1, 0).FactorAt(9, 10));

    [TestMethod]
    [DataRow(4, 0.5)]
    [DataRow(50, 0.55)]
    [DataRow(100, 0.1)]
    public void Cosine_rises_and_falls(int step, double expected) =>
        Assert.AreEqual(expected, LearningRateSchedule.Cosine(10, 0.1).FactorAt(step, 100), 1e-12);

    [TestMethod]
    public void A_schedule_has_the_same_name_in_every_language()
    {
        var culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = "," } };
            Assert.AreEqual("WarmupHoldLinear(100, 0.4, 0.02)", LearningRateSchedule.WarmupHoldLinear().ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [TestMethod]
    public void Fractions_outside_0_to_1_are_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => LearningRateSchedule.WarmupHoldLinear(-1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => LearningRateSchedule.WarmupHoldLinear(1, 1.5));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => LearningRateSchedule.Cosine(1, double.NaN));
    }
}
