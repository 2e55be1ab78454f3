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
}
