using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>A run goes on from a checkpoint that was written for another number of steps, and a refusal names what somebody changed,
/// once.</summary>
[TestClass]
public sealed class ChangedPlanTests
{
    [TestMethod]
    [DataRow(8, true)]
    [DataRow(5, true)]
    [DataRow(8, false)]
    public void More_steps_end_with_the_weights_of_one_long_run_where_the_schedule_does_not_depend_on_their_number(int first, bool finished)
    {
        using var whole = new TinyRegression();
        whole.Run(Options(18));
        using var folder = new TemporaryFolder();
        using (var begun = new TinyRegression())
        {
            using var cancellation = new CancellationTokenSource();
            begun.OnLoss = moment => _ = !finished && moment.Step == 6 ? Cancel(cancellation) : 0;
            void Run() => begun.Run(Options(first, folder, cancellation: cancellation.Token));
            if (finished)
                Run();
            else
                Assert.ThrowsExactly<OperationCanceledException>(Run);
        }

        using var longer = new TinyRegression();
        List<string> lines = [], warnings = [];
        TrainingSummary summary = TrainingLoop.Run(longer.Task, Options(18, folder), TorchSharp.torch.CPU, lines.Add, warnings.Add);
        Assert.AreEqual(whole.Network.Bits(), longer.Network.Bits());
        Assert.AreEqual((18L, 18L, (long?)(finished ? first : 7)), (summary.Steps, summary.TotalSteps, summary.ResumedFromStep));
        Assert.IsEmpty(warnings);
        Assert.IsTrue(lines.Exists(line => line.Contains($"planned for {first} steps; its learning rate so far is also that of 18 steps",
            StringComparison.Ordinal)), string.Join('\n', lines));
    }

    static int Cancel(CancellationTokenSource source)
    {
        source.Cancel();
        return 0;
    }

    [TestMethod]
    public void Where_the_schedule_depends_on_the_number_of_steps_a_warning_says_how_it_changes()
    {
        using var folder = new TemporaryFolder();
        TrainingOptions Linear(int steps) => Options(steps, folder, schedule: LearningRateSchedule.WarmupHoldLinear(0, 0.5, 0));
        using (var first = new TinyRegression())
            first.Run(Linear(8));
        using var second = new TinyRegression();
        var rates = new List<double>();
        List<string> warnings = [];
        TrainingOptions options = Linear(16);
        (options.ProgressEverySteps, options.Progress) = (1, new Listener(report => rates.Add(report.LearningRate)));
        TrainingLoop.Run(second.Task, options, TorchSharp.torch.CPU, null, warnings.Add);
        Assert.HasCount(1, warnings);
        // Steps 6 to 8 of 8 had fallen to 0.75, 0.5 and 0.25 of the rate; of 16 steps, the first half and the ninth have the full one.
        StringAssert.Contains(warnings[0], "planned for 8 steps and is now 16 steps long");
        StringAssert.Contains(warnings[0], "from step 6 to 8 its learning rate was another");
        StringAssert.Contains(warnings[0], "(0.0125 in the last one, instead of 0.05)");
        StringAssert.Contains(warnings[0], "(0.05 in the next)");
        CollectionAssert.AreEqual(
            new[] { 0.05, 0.04375, 0.0375, 0.03125, 0.025, 0.01875, 0.0125, 0.00625 }, rates.Select(rate => Math.Round(rate, 9)).ToArray());

        // The longer run is one of its own: interrupted again, it ends the same.
        string expected = second.Network.Bits();
        using var third = new TinyRegression();
        third.OnLoss = _ => Assert.Fail("there is nothing left to train");
        third.Run(Linear(16));
        Assert.AreEqual(expected, third.Network.Bits());
    }

    [TestMethod]
    public void Fewer_steps_than_were_done_are_refused_and_more_than_were_done_are_not()
    {
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
            first.Run(Options(8, folder));
        using (var fewer = new TinyRegression())
        {
            InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => fewer.Run(Options(7, folder)));
            StringAssert.Contains(error.Message, "has done 8 steps, more than the 7 steps of this run");
            StringAssert.Contains(error.Message, folder.File);
        }

        using var whole = new TinyRegression();
        whole.Run(Options(6));
        using var half = new TemporaryFolder();
        using (var crashed = new TinyRegression())
        {
            crashed.OnLoss = moment => _ = moment.Step == 5 ? throw new FormatException() : 0;
            Assert.ThrowsExactly<FormatException>(() => crashed.Run(Options(8, half)));
        }
        using var shorter = new TinyRegression();
        Assert.AreEqual(4L, shorter.Run(Options(6, half)).ResumedFromStep);
        Assert.AreEqual(whole.Network.Bits(), shorter.Network.Bits());
    }

    [TestMethod]
    public void A_changed_seed_is_named_once_and_what_follows_from_other_settings_is_not()
    {
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
            first.Run(Options(8, folder));
        // As version 0.1 wrote it: the seed of the options and that of the task.
        using (SafetensorsContent content = Safetensors.ReadFile(folder.File))
        {
            var metadata = new Dictionary<string, string>(content.Metadata) { ["setting.seed"] = "7" };
            Safetensors.WriteFile(folder.File, content.Tensors, metadata);
        }
        Assert.AreEqual("Seed is 8, in the checkpoint 7", Difference(o => o.Seed = 8));
        Assert.AreEqual("BatchSize is 3, in the checkpoint 2", Difference(o => o.BatchSize = 3), "an epoch has another number of steps");
        Assert.AreEqual(
            "BatchSize is 3, in the checkpoint 2; Seed is 8, in the checkpoint 7", Difference(o => (o.Seed, o.BatchSize) = (8, 3)));
        Assert.AreEqual("examples is 13, in the checkpoint 12", Difference(_ => { }, new TinyRegression(examples: 13)));
        var mean = new TinyRegression { Shift = 0.5f };
        mean.Task = mean.MakeTask(("network", "tiny"), ("mean", "3"), ("series", "abc"));
        Assert.AreEqual("the training data have other values than those of the checkpoint", Difference(_ => { }, mean));
        Assert.AreEqual("ValidateEverySteps is 5, in the checkpoint 4",
            Difference(o => (o.ValidateEverySteps, o.ValidationFraction) = (5, 0.25), validation: 0.25));

        string Difference(Action<TrainingOptions> change, TinyRegression? regression = null, double validation = 0)
        {
            using TemporaryFolder? other = validation == 0 ? null : new TemporaryFolder();
            if (other is not null)
            {
                using var first = new TinyRegression();
                TrainingOptions begun = Options(8, other);
                begun.ValidationFraction = validation;
                first.Run(begun);
            }
            using TinyRegression second = regression ?? new TinyRegression();
            TrainingOptions options = Options(8, other ?? folder);
            change(options);
            string message = Assert.ThrowsExactly<InvalidOperationException>(() => second.Run(options)).Message;
            const string before = "is the checkpoint of another run: ", after = ". Resume with";
            int start = message.IndexOf(before, StringComparison.Ordinal) + before.Length;
            return message[start..message.IndexOf(after, StringComparison.Ordinal)];
        }
    }

    [TestMethod]
    public void A_rise_that_was_set_and_one_that_was_not_are_different_schedules_of_a_short_run()
    {
        using var folder = new TemporaryFolder();
        TrainingSummary Run(int steps, int? warmup)
        {
            using var regression = new TinyRegression();
            return regression.Run(Options(steps, folder, LearningRateSchedule.WarmupHoldLinear(warmup)));
        }
        Run(8, null);
        Assert.AreEqual(8L, Run(8, null).ResumedFromStep);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Run(8, 100)).Message,
            "another run: Schedule (kept in short runs) is WarmupHoldLinear(100, 0.4, 0.02), in the checkpoint not set. Resume with");

        // A run of version 0.1 shortens nothing, and goes on with either, also from a checkpoint that this version wrote.
        using (SafetensorsContent content = Safetensors.ReadFile(folder.File))
        {
            string state = content.Metadata["state"].Replace("\"ShortensLengths\":true", "\"ShortensLengths\":false", StringComparison.Ordinal);
            Safetensors.WriteFile(folder.File, content.Tensors, new Dictionary<string, string>(content.Metadata) { ["state"] = state });
        }
        Assert.AreEqual(8L, Run(12, 100).ResumedFromStep);
        Assert.AreEqual(12L, Run(12, null).ResumedFromStep);
    }

    [TestMethod]
    public void A_checkpoint_that_digests_features_goes_on_whatever_processor_computed_them()
    {
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
            first.Run(Options(8, folder));
        using (SafetensorsContent content = Safetensors.ReadFile(folder.File))
        {
            var metadata = new Dictionary<string, string>(content.Metadata)
            {
                ["setting.audio"] = "0123456789abcdef", ["setting.content of the examples"] = "of another processor",
            };
            Safetensors.WriteFile(folder.File, content.Tensors, metadata);
        }
        using var second = new TinyRegression();
        Assert.AreEqual(8L, second.Run(Options(8, folder)).ResumedFromStep);
    }

    static TrainingOptions Options(
        int steps, TemporaryFolder? folder = null, LearningRateSchedule? schedule = null, CancellationToken cancellation = default) => new()
    {
        LearningRate = 0.05, Schedule = schedule ?? LearningRateSchedule.Constant, BatchSize = 2, Steps = steps, Seed = 7,
        CheckpointFolder = folder?.Path, CheckpointEverySteps = 4, CancellationToken = cancellation,
    };
}
