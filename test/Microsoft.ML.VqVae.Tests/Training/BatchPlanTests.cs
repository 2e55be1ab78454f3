using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>The examples of each step.</summary>
[TestClass]
public sealed class BatchPlanTests
{
    // Computed by another implementation of SplitMix64 and of the shuffle: checkpoints of older versions go on in this order.
    [TestMethod]
    public void The_order_of_examples_follows_from_the_seed_and_the_epoch()
    {
        var plan = new BatchPlan(examples: 10, new TrainingOptions { Seed = -7, ValidationFraction = 0.3, BatchSize = 7, Steps = 3 });
        int[][] order = [.. plan.From(step: 0, validateFirst: false).Where(batch => batch.Step is not null).Select(batch => batch.Numbers.ToArray())];
        CollectionAssert.AreEqual((int[])[2, 5, 9], plan.Validation.ToArray());
        Assert.HasCount(3, order);
        CollectionAssert.AreEqual((int[])[6, 4, 1, 7, 8, 3, 0], order[0]);
        CollectionAssert.AreEqual((int[])[3, 7, 4, 6, 0, 8, 1], order[1]);
        CollectionAssert.AreEqual((int[])[7, 3, 0, 4, 8, 1, 6], order[2]);
    }

    [TestMethod]
    public void Rows_of_several_examples_are_held_out_as_a_whole()
    {
        var options = new TrainingOptions { Seed = 3, ValidationFraction = 0.3, BatchSize = 7, Steps = 30 };
        var plan = new BatchPlan(examples: 80, options, example => example / 8);
        int[] validation = [.. plan.Validation.Select(example => example / 8).Distinct()];
        int[] training = [.. plan.From(step: 0, validateFirst: false).Where(batch => batch.Step is not null)
            .SelectMany(batch => batch.Numbers.ToArray()).Select(example => example / 8).Distinct()];
        Assert.HasCount(24, plan.Validation);
        Assert.HasCount(3, validation);
        Assert.HasCount(7, training);
        Assert.IsEmpty(validation.Intersect(training));
        Assert.IsTrue(plan.HoldsOutRows);

        // A row remains, however large the share and the row.
        options.ValidationFraction = 0.9;
        plan = new BatchPlan(examples: 9, options, example => Math.Min(1, example));
        Assert.IsTrue(plan.Validation.Count is 1 or 8);
        string message = Assert.ThrowsExactly<ArgumentException>(() => new BatchPlan(examples: 8, options, _ => 0)).Message;
        StringAssert.StartsWith(message, "The 8 examples are parts of one row, and ValidationFraction holds out whole rows; expected are two rows");
    }

    [TestMethod]
    public void Rows_of_one_example_are_held_out_as_examples_are()
    {
        var options = new TrainingOptions { Seed = -7, ValidationFraction = 0.3, BatchSize = 7, Steps = 3 };
        var plan = new BatchPlan(examples: 10, options, example => example + 5);
        CollectionAssert.AreEqual((int[])[2, 5, 9], plan.Validation.ToArray());
        Assert.IsFalse(plan.HoldsOutRows);
    }
}
