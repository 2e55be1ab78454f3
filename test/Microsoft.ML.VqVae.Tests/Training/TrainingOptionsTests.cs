using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>Wrong options are refused, all of them at once.</summary>
[TestClass]
public sealed class TrainingOptionsTests
{
    [TestMethod]
    public void Defaults_are_valid() => new TrainingOptions().Validate();

    [TestMethod]
    public void All_problems_are_listed_together()
    {
        var options = new TrainingOptions
        {
            LearningRate = double.NaN, BatchSize = 0, Steps = 0, Epochs = -1, Schedule = null!, GradientClipNorm = 0,
            ValidationFraction = 1, ValidateEverySteps = 0, EarlyStoppingPatience = 0,
            ProgressEverySteps = 0, CheckpointEverySteps = 0, CheckpointFolder = " ",
        };
        string message = Assert.ThrowsExactly<ArgumentException>(options.Validate).Message;
        foreach (string? part in new[]
        {
            "LearningRate must be a positive number; found NaN.", "BatchSize must be at least 1; found 0.", "Set Steps or Epochs, not both",
            "Steps must", "Epochs must", "Schedule must", "GradientClipNorm must", "ValidationFraction must", "ValidateEverySteps must",
            "EarlyStoppingPatience must", "ProgressEverySteps must", "CheckpointEverySteps must", "CheckpointFolder must",
        })
            StringAssert.Contains(message, part);
    }

    [TestMethod]
    public void Patience_needs_a_validation_split()
    {
        var options = new TrainingOptions { EarlyStoppingPatience = 3 };
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(options.Validate).Message, "ValidationFraction");
    }

    [TestMethod]
    public void A_split_that_leaves_nothing_to_train_on_is_refused()
    {
        using var regression = new TinyRegression(examples: 1);
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => regression.Run(new() { ValidationFraction = 0.5 }));
        StringAssert.Contains(error.Message, "1 examples, 1 of them held out");
    }
}
