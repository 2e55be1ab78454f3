using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>Interrupted runs end like uninterrupted ones, bit for bit.</summary>
[TestClass]
public sealed class CheckpointTests
{
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_run_cancelled_anywhere_ends_with_the_weights_of_one_that_was_not(bool earlyStop)
    {
        using var whole = new TinyRegression();
        // Losses are those of training and validation: a run is cancelled within a validation, too.
        int losses = 0;
        whole.OnLoss = _ => losses++;
        TrainingSummary expected = whole.Run(Options(earlyStop));
        Assert.AreEqual(earlyStop, expected.StoppedEarly);
        // After the last loss nothing is left to cancel.
        for (int cancelled = 0; cancelled < losses - 1; cancelled++)
        {
            using var folder = new TemporaryFolder();
            using (var first = new TinyRegression())
            {
                using var cancellation = new CancellationTokenSource();
                int done = 0;
                first.OnLoss = _ =>
                {
                    if (done++ == cancelled)
                        cancellation.Cancel();
                };
                Assert.ThrowsExactly<OperationCanceledException>(() => first.Run(Options(earlyStop, folder, cancellation.Token)));
                Assert.IsTrue(File.Exists(folder.File));
            }

            using var second = new TinyRegression();
            TrainingSummary summary = second.Run(Options(earlyStop, folder));
            Assert.AreEqual(whole.Network.Bits(), second.Network.Bits(), $"cancelled at loss {cancelled}");
            Assert.AreEqual(expected.Last.Loss, summary.Last.Loss);
            Assert.AreEqual(expected.BestValidationLoss, summary.BestValidationLoss);
            Assert.AreEqual(expected.BestValidationStep, summary.BestValidationStep);
            Assert.AreEqual(expected.StoppedEarly, summary.StoppedEarly);
            Assert.IsNotNull(summary.ResumedFromStep);
            CollectionAssert.AreEqual(
                expected.LearningCurve.Select(p => (p.Step, p.Loss, p.ValidationLoss)).ToList(),
                summary.LearningCurve.Select(p => (p.Step, p.Loss, p.ValidationLoss)).ToList());
        }
    }

    [TestMethod]
    public void A_finished_run_is_not_run_again()
    {
        using var folder = new TemporaryFolder();
        using var first = new TinyRegression();
        TrainingSummary expected = first.Run(Options(earlyStop: true, folder));
        using var second = new TinyRegression();
        second.OnLoss = _ => Assert.Fail("there is nothing left to train");
        TrainingSummary summary = second.Run(Options(earlyStop: true, folder));
        Assert.AreEqual(first.Network.Bits(), second.Network.Bits());
        Assert.AreEqual(expected.Steps, summary.ResumedFromStep);
        Assert.AreEqual(expected.Last.Loss, summary.Last.Loss);
    }

    [TestMethod]
    public void A_run_that_crashed_goes_on_from_its_last_checkpoint()
    {
        using var whole = new TinyRegression();
        whole.Run(Options(earlyStop: false));
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
        {
            first.OnLoss = moment => _ = moment.Step == 9 && first.Network.training ? throw new FormatException() : 0;
            Assert.ThrowsExactly<FormatException>(() => first.Run(Options(earlyStop: false, folder)));
        }

        using var second = new TinyRegression();
        TrainingSummary summary = second.Run(Options(earlyStop: false, folder));
        Assert.AreEqual(8, summary.ResumedFromStep);
        Assert.AreEqual(whole.Network.Bits(), second.Network.Bits());
    }

    [TestMethod]
    public void A_report_before_the_first_step_after_a_resume_has_the_learning_rate_of_the_last_step()
    {
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
        using (var cancellation = new CancellationTokenSource())
        {
            first.OnLoss = moment => _ = moment.Step == 6 && first.Network.training ? Cancel(cancellation) : 0;
            Assert.ThrowsExactly<OperationCanceledException>(() => first.Run(Options(earlyStop: false, folder, cancellation.Token)));
        }

        // The plan now ends where the run was canceled: what is left of it is the report.
        using var second = new TinyRegression();
        TrainingOptions options = Options(earlyStop: false, folder);
        options.Steps = 7;
        TrainingSummary summary = second.Run(options);
        Assert.AreEqual((7L, 7L), (summary.Steps, summary.ResumedFromStep!.Value));
        Assert.IsGreaterThan(0, summary.Last.LearningRate);

        static int Cancel(CancellationTokenSource source)
        {
            source.Cancel();
            return 0;
        }
    }

    [TestMethod]
    public void A_token_cancelled_beforehand_stops_before_the_first_step()
    {
        using var regression = new TinyRegression();
        regression.OnLoss = _ => Assert.Fail("no step");
        string before = regression.Network.Bits();
        Assert.ThrowsExactly<OperationCanceledException>(
            () => regression.Run(new() { Steps = 5, CancellationToken = new CancellationToken(canceled: true) }));
        Assert.AreEqual(before, regression.Network.Bits());
    }

    [TestMethod]
    public void The_best_weights_of_the_validation_are_kept_and_training_stops_after_the_patience()
    {
        using var regression = new TinyRegression();
        string? best = null;
        regression.OnLoss = moment =>
        {
            using IDisposable _ = no_grad();
            // The network is spoilt but before the validation after step 6; validations are every 3 steps.
            if (!regression.Network.training && moment.Step == 6)
                best = regression.Network.Bits();
            if (regression.Network.training)
                regression.Network.bias.fill_(moment.Step == 5 ? 0 : 50 + (int)moment.Step);
        };
        TrainingSummary summary = regression.Run(Options(earlyStop: true));
        Assert.IsTrue(summary.StoppedEarly);
        Assert.AreEqual(6, summary.BestValidationStep);
        Assert.AreEqual(12, summary.Steps, "two validations without a lower loss, after steps 9 and 12");
        Assert.AreEqual(18, summary.TotalSteps);
        Assert.AreEqual(best, regression.Network.Bits());
    }

    [TestMethod]
    public void A_checkpoint_of_another_run_is_refused_by_naming_what_differs()
    {
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
            first.Run(Options(earlyStop: false, folder));
        byte[] bytes = File.ReadAllBytes(folder.File);

        Refused("LearningRate is 0.25, in the checkpoint 0.05", o => o.LearningRate = 0.25);
        Refused("Seed is 8, in the checkpoint 7", o => o.Seed = 8);
        Refused("BatchSize is 3, in the checkpoint 2", o => o.BatchSize = 3);
        Refused("Schedule is Constant, in the checkpoint WarmupHoldLinear(4, 0.4, 0.02)", o => o.Schedule = LearningRateSchedule.Constant);
        Refused("GradientClipNorm is none, in the checkpoint 1.5", o => o.GradientClipNorm = null);
        Refused("examples is 13, in the checkpoint 12", _ => { }, new TinyRegression(examples: 13));
        Refused("the training data have other values", _ => { }, new TinyRegression { Shift = 0.5f });
        var other = new TinyRegression();
        other.Task = other.MakeTask(("network", "small"), ("width", "7"));
        Refused("network is small, in the checkpoint tiny; width is 7, in the checkpoint not set", _ => { }, other);
        CollectionAssert.AreEqual(bytes, File.ReadAllBytes(folder.File), "the other run's checkpoint is left as it was");

        void Refused(string difference, Action<TrainingOptions> change, TinyRegression? regression = null)
        {
            using TinyRegression second = regression ?? new TinyRegression();
            TrainingOptions options = Options(earlyStop: false, folder);
            change(options);
            InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => second.Run(options));
            StringAssert.Contains(error.Message, difference);
            StringAssert.Contains(error.Message, folder.File);
        }
    }

    [TestMethod]
    public void A_damaged_or_foreign_checkpoint_is_refused()
    {
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
            first.Run(Options(earlyStop: false, folder));
        byte[] bytes = File.ReadAllBytes(folder.File);

        File.WriteAllBytes(folder.File, bytes[..^10]);
        Refused("truncated");
        File.WriteAllText(folder.File, "not a checkpoint at all");
        Refused("not a safetensors stream");
        using (Tensor weights = ones(1))
            Safetensors.WriteFile(folder.File, [new("w", weights)]);
        Refused("is not a training checkpoint");
        using (SafetensorsContent content = Safetensors.Read(new MemoryStream(bytes), "good"))
        {
            Safetensors.WriteFile(folder.File, content.Tensors, new Dictionary<string, string>(content.Metadata) { ["version"] = "2" });
            Refused("version 2, expected 1");
            IEnumerable<KeyValuePair<string, Tensor>> some = content.Tensors.Where(t => !t.Key.EndsWith("rare", StringComparison.Ordinal));
            Safetensors.WriteFile(folder.File, some, content.Metadata);
            Refused("tensor 'network.rare' is missing");
        }

        void Refused(string problem)
        {
            using var second = new TinyRegression();
            string before = second.Network.Bits();
            InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => second.Run(Options(earlyStop: false, folder)));
            StringAssert.Contains(error.Message, problem);
            StringAssert.Contains(error.Message, folder.File);
            Assert.AreEqual(before, second.Network.Bits());
        }
    }

    [TestMethod]
    public void Damage_anywhere_in_a_checkpoint_is_noticed()
    {
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
            first.Run(Options(earlyStop: true, folder));
        byte[] bytes = File.ReadAllBytes(folder.File);
        var random = new Random(1);
        for (int flip = 0; flip < 200; flip++)
        {
            byte[] damaged = (byte[])bytes.Clone();
            // Half of them in the data of the tensors, at the end.
            int at = flip % 2 == 0 ? random.Next(bytes.Length) : bytes.Length - 1 - random.Next(200);
            damaged[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(folder.File, damaged);
            using var second = new TinyRegression();
            second.OnLoss = _ => Assert.Fail("training goes on");
            string before = second.Network.Bits();
            InvalidDataException error = Assert.ThrowsExactly<InvalidDataException>(() => second.Run(Options(earlyStop: true, folder)), $"byte {at}");
            StringAssert.Contains(error.Message, folder.File);
            Assert.AreEqual(before, second.Network.Bits());
        }
    }

    // Batches of 2 out of 9: an epoch is 4 steps with one example left out, and its end is no multiple of the other intervals.
    static TrainingOptions Options(
        bool earlyStop, TemporaryFolder? folder = null, CancellationToken cancellation = default) => new()
    {
        LearningRate = 0.05,
        Schedule = LearningRateSchedule.WarmupHoldLinear(4, 0.4, 0.02),
        BatchSize = 2,
        Steps = 18,
        GradientClipNorm = 1.5,
        ValidationFraction = 0.25,
        ValidateEverySteps = 3,
        EarlyStoppingPatience = earlyStop ? 2 : null,
        Seed = 7,
        ProgressEverySteps = 5,
        CheckpointFolder = folder?.Path,
        CheckpointEverySteps = 4,
        CancellationToken = cancellation,
    };
}
