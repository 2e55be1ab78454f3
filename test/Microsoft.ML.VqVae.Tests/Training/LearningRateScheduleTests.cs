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
    public void A_rise_that_nobody_set_takes_at_most_a_fifth_of_the_run()
    {
        foreach (LearningRateSchedule schedule in (LearningRateSchedule[])
            [LearningRateSchedule.WarmupHoldLinear(), LearningRateSchedule.Cosine()])
        {
            LearningRateSchedule set = schedule.ToString()[0] == 'W'
                ? LearningRateSchedule.WarmupHoldLinear(100) : LearningRateSchedule.Cosine(100);
            Assert.AreEqual(set.ToString(), schedule.ToString());
            for (int step = 0; step < 500; step++)
                Assert.AreEqual(set.FactorAt(step, 500), schedule.FactorAt(step, 500), "500 steps have room for 100");
            Assert.AreEqual(0.1, schedule.FactorAt(1, 100), 1e-12, "the second of 20 steps");
            Assert.IsGreaterThan(0.9, schedule.FactorAt(19, 100));
            Assert.AreEqual(0.02, set.FactorAt(1, 100), 1e-12, "steps that were set are kept");
            Assert.AreEqual(1, schedule.FactorAt(0, 4), 1e-12, "a run of four steps has no room for a rise");
            Assert.AreEqual(set.FactorAt(1, 100), schedule.Unshortened.FactorAt(1, 100));
        }
    }

    [TestMethod]
    public void A_schedule_has_the_same_name_in_every_language()
    {
        CultureInfo culture = CultureInfo.CurrentCulture;
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
