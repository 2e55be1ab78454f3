using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>What a run tells while it goes on.</summary>
[TestClass]
public sealed class TrainingProgressTests
{
    [TestMethod]
    public void Figures_are_those_of_the_interval()
    {
        using var regression = new TinyRegression(examples: 8);
        var clock = new Clock();
        var errors = new List<double>();
        // 2 s a step; a validation takes 3 s, which counts as time but not against the speed.
        regression.OnLoss = moment =>
        {
            clock.Seconds += regression.Network.training ? 2 : 3;
            using DisposeScope scope = NewDisposeScope();
        };
        TrainingTask inner = regression.Task;
        regression.Task = TestTask.Of(
            inner.Network, 8, inner.Examples.ReadBatch,
            (batch, moment) =>
            {
                Networks.StepLoss loss = inner.Objective.Loss(batch, moment);
                if (regression.Network.training)
                    errors.Add(loss.Terms["error"].item<float>());
                return loss;
            });
        var seen = new Collector();
        var lines = new List<string>();
        var options = new TrainingOptions
        {
            BatchSize = 4, Steps = 10, LearningRate = 0.5, Schedule = LearningRateSchedule.WarmupHoldLinear(2, 0.5, 0), Progress = seen,
            ProgressEverySteps = 4, ValidationFraction = 0.25, ValidateEverySteps = 3, Seed = 1,
        };
        TrainingSummary summary = TrainingLoop.Run(regression.Task, options, CPU, lines.Add, time: clock);

        CollectionAssert.AreEqual(new long[] { 4, 8, 10 }, seen.Reports.Select(p => p.Step).ToList());
        CollectionAssert.AreEqual(seen.Reports, summary.LearningCurve.ToList());
        Assert.AreSame(seen.Reports[^1], summary.Last);
        TrainingProgress second = seen.Reports[1];
        Assert.AreEqual(10, second.TotalSteps);
        Assert.AreEqual(0.8, second.Fraction, 1e-12);
        Assert.AreEqual(errors.Skip(4).Take(4).Average(), second.Terms["error"], 1e-5);
        Assert.AreEqual(2 * second.Terms["error"], second.Terms["twice"], 1e-5);
        Assert.AreEqual(2, second.ExamplesPerSecond, 1e-9, "4 examples in 2 seconds");
        Assert.AreEqual(8 * 2 + 2 * 3, second.Elapsed.TotalSeconds, 1e-9);
        Assert.AreEqual((8 * 2 + 2 * 3) * 2.0 / 8, second.Remaining.TotalSeconds, 1e-6);
        Assert.AreEqual(0.5 * (1 - ((0.7 - 0.5) / 0.5)), second.LearningRate, 1e-12, "that of the eighth step");
        Assert.AreEqual(Math.Exp(-(0.25 * Math.Log(0.25)) - (0.75 * Math.Log(0.75))), second.Perplexity!.Value, 1e-6);
        Assert.IsNotNull(second.ValidationLoss);
        Assert.AreEqual(TimeSpan.Zero, summary.Last.Remaining);
        Assert.AreEqual(10 * 2 + 4 * 3, summary.Elapsed.TotalSeconds, 1e-9, "validations after steps 3, 6, 9 and 10");
        StringAssert.StartsWith(lines[0], "Step 4 of 10: loss ");
        StringAssert.Contains(lines[^2], "perplexity 1.8, 2 examples/s, 0:00:00 left");
    }

    [TestMethod]
    public void A_run_whose_end_is_out_of_reach_reports_the_longest_time_and_prints_none()
    {
        using var regression = new TinyRegression();
        using var cancellation = new CancellationTokenSource();
        var clock = new Clock();
        regression.OnLoss = moment =>
        {
            clock.Seconds++;
            if (moment.Step == 19)
                cancellation.Cancel();
        };
        var lines = new List<string>();
        var options = new TrainingOptions
        {
            BatchSize = 4, Epochs = 1e300, LearningRate = 0.1, CancellationToken = cancellation.Token, ReturnModelWhenCanceled = true,
        };
        TrainingSummary summary = TrainingLoop.Run(regression.Task, options, CPU, lines.Add, time: clock);
        Assert.AreEqual((20L, TimeSpan.MaxValue), (summary.Steps, summary.Last.Remaining));
        StringAssert.EndsWith(lines[0], " examples/s");
        StringAssert.Contains((summary.Last with { Remaining = TimeSpan.FromHours(30) }).ToString(), ", 30:00:00 left");
    }

    [TestMethod]
    public void Validation_is_the_mean_over_all_held_out_examples_in_evaluation_mode()
    {
        using var regression = new TinyRegression(examples: 12);
        regression.OnLoss = _ => Assert.AreEqual(regression.Network.training, is_grad_enabled());
        TrainingSummary summary = regression.Run(new() { BatchSize = 4, Steps = 1, LearningRate = 0.1, ValidationFraction = 0.5 });

        // 6 held out: a batch of 4 and one of 2 that must not weigh the same.
        using DisposeScope scope = NewDisposeScope();
        var batches = regression.Read.Skip(1).Take(2).ToList();
        CollectionAssert.AreEqual(new[] { 4, 2 }, batches.Select(b => b.Length).ToList());
        using IDisposable noGradients = no_grad();
        Tensor[] all = regression.Task.Examples.ReadBatch(new(batches.SelectMany(b => b).ToArray(), Step: null));
        float expected = (regression.Network.forward(all[0]) - all[1]).square().mean().item<float>();
        Assert.AreEqual(expected, summary.BestValidationLoss!.Value, 1e-5);
        Assert.AreEqual(expected, summary.Last.ValidationLoss!.Value, 1e-5);
    }

    [TestMethod]
    public void Perplexity_is_averaged_over_codebooks()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.AreEqual(4, LossMeter.Perplexity(ones(4))!.Value, 1e-12);
        Assert.AreEqual(2.5, LossMeter.Perplexity(tensor(new[] { 2f, 2, 2, 2, 0, 0, 9, 0 }).view(2, 4))!.Value, 1e-12);
        Assert.IsNull(LossMeter.Perplexity(zeros(2, 4)));
    }

    [TestMethod]
    public void A_long_learning_curve_is_thinned_out_evenly()
    {
        var state = new TrainingState();
        for (int step = 1; step <= 5000; step++)
            state.Reported(new TrainingProgress(step, 5000, 0, new Dictionary<string, double>(), null, 0, default, default, 0, null));
        Assert.IsInRange(500, 1000, state.LearningCurve.Count);
        Assert.HasCount(1, state.LearningCurve.Zip(state.LearningCurve.Skip(1), (a, b) => b.Step - a.Step).Distinct());
        Assert.AreEqual(5000, state.Last!.Step);
    }

    sealed class Collector : IProgress<TrainingProgress>
    {
        internal List<TrainingProgress> Reports { get; } = [];

        public void Report(TrainingProgress value) => Reports.Add(value);
    }

    sealed class Clock : TimeProvider
    {
        internal double Seconds { get; set; }

        public override long TimestampFrequency => 1_000_000;

        public override long GetTimestamp() => (long)(Seconds * TimestampFrequency);
    }
}
