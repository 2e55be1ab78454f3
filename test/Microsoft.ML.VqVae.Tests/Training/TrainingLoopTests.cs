using System.Text.Json;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>What the training loop does to a network.</summary>
[TestClass]
public sealed class TrainingLoopTests
{
    [TestMethod]
    public void Adam_with_and_without_clipping_gives_PyTorchs_numbers()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "golden", "training", "adam.json")));
        double rate = golden.RootElement.GetProperty("learning_rate").GetDouble();
        foreach (JsonElement run in golden.RootElement.GetProperty("runs").EnumerateArray())
        {
            double[] losses = run.GetProperty("losses").EnumerateArray().Select(l => l.GetDouble()).ToArray();
            JsonElement clip = run.GetProperty("clip");
            using var regression = new TinyRegression(examples: 4);
            int step = 0;
            regression.OnLoss = moment =>
            {
                if (moment.Step == 0)
                    return;
                float[] expected = run.GetProperty("weights")[(int)moment.Step - 1].EnumerateArray().Select(w => w.GetSingle()).ToArray();
                Assert.HasCount(4, expected);
                for (int i = 0; i < 3; i++)
                    Assert.AreEqual(expected[i], regression.Network.weight.data<float>()[i], 1e-5f);
                Assert.AreEqual(expected[3], regression.Network.bias.data<float>()[0], 1e-5f);
                step++;
            };
            // A step more than the golden values, so that the weights after their last step are seen.
            var options = new TrainingOptions
            {
                LearningRate = rate, BatchSize = 4, Steps = losses.Length + 1, ProgressEverySteps = 1,
                GradientClipNorm = clip.ValueKind == JsonValueKind.Null ? null : clip.GetDouble(),
            };
            // The golden run has no "rare" parameter; frozen, it does not count for the norm.
            regression.Network.rare.requires_grad = false;
            TrainingSummary summary = regression.Run(options);
            Assert.AreEqual(losses.Length, step);
            for (int i = 0; i < losses.Length; i++)
                Assert.AreEqual(losses[i], summary.LearningCurve[i].Terms["error"], 1e-5, $"loss of step {i}");
        }
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_weights_and_another_seed_others()
    {
        Assert.AreEqual(Train(seed: 5), Train(seed: 5));
        Assert.AreNotEqual(Train(seed: 5), Train(seed: 6));

        static string Train(int seed)
        {
            using var regression = new TinyRegression();
            regression.Run(new() { BatchSize = 5, Steps = 9, LearningRate = 0.05, Seed = seed, ValidationFraction = 0.1 });
            return regression.Network.Bits();
        }
    }

    [TestMethod]
    public void Torchs_global_generator_is_left_alone()
    {
        using DisposeScope scope = NewDisposeScope();
        byte[] before = get_rng_state().bytes.ToArray();
        using var regression = new TinyRegression();
        regression.Run(new() { BatchSize = 5, Steps = 9, Seed = 3, ValidationFraction = 0.2 });
        CollectionAssert.AreEqual(before, get_rng_state().bytes.ToArray());
    }

    [TestMethod]
    public void Every_example_is_used_once_an_epoch_and_an_incomplete_batch_is_left_out()
    {
        using var regression = new TinyRegression(examples: 11);
        regression.Run(new() { BatchSize = 3, Epochs = 4, Seed = 1, ValidationFraction = 0.1 });
        var training = regression.Read.Where(b => b.Length == 3).ToList();
        Assert.HasCount(12, training, "10 examples are 3 batches of 3, 4 epochs");
        int heldOut = regression.Read.First(b => b.Length == 1)[0];
        var orders = new HashSet<string>();
        foreach (int[][] epoch in training.Chunk(3))
        {
            var used = epoch.SelectMany(b => b).ToList();
            CollectionAssert.AllItemsAreUnique(used);
            CollectionAssert.DoesNotContain(used, heldOut);
            orders.Add(string.Join(",", used));
        }

        Assert.HasCount(4, orders, "each epoch has an order of its own");
        Assert.IsGreaterThan(9, training.SelectMany(b => b).Distinct().Count(), "who is left out changes from epoch to epoch");
    }

    [TestMethod]
    public void Fewer_examples_than_a_batch_are_all_used()
    {
        using var regression = new TinyRegression(examples: 5);
        TrainingSummary summary = regression.Run(new() { BatchSize = 64, Epochs = 2.5, ProgressEverySteps = 1 });
        Assert.AreEqual(3, summary.Steps, "2.5 epochs of one batch, rounded");
        Assert.IsTrue(regression.Read.All(b => b.Order().SequenceEqual(Enumerable.Range(0, 5))));
    }

    [TestMethod]
    public void Ten_epochs_are_the_default_length()
    {
        using var regression = new TinyRegression(examples: 10);
        Assert.AreEqual(20, regression.Run(new() { BatchSize = 5 }).TotalSteps);
    }

    [TestMethod]
    public void No_tensor_outlives_a_run_but_the_networks_own()
    {
        foreach (string? end in new[] { "normal", "early stop", "loss fails", "data fails", "cancelled", "not finite" })
        {
            using var folder = new TemporaryFolder();
            using var cancellation = new CancellationTokenSource();
            using var regression = new TinyRegression();
            var options = new TrainingOptions
            {
                BatchSize = 2, Steps = 30, LearningRate = 1e-3, ValidationFraction = 0.25, ValidateEverySteps = 2, GradientClipNorm = 1,
                CheckpointFolder = folder.Path, CheckpointEverySteps = 5, CancellationToken = cancellation.Token,
                EarlyStoppingPatience = end == "early stop" ? 1 : 100,
            };
            regression.OnLoss = moment =>
            {
                if (moment.Step != 7)
                    return;
                if (end == "loss fails")
                    throw new FormatException("loss");
                if (end == "cancelled")
                    cancellation.Cancel();
                using IDisposable _ = no_grad();
                if (end == "not finite")
                    regression.Network.bias.fill_(double.NaN);
                if (end == "early stop")
                    regression.Network.bias.fill_(100);
            };
            if (end == "data fails")
            {
                int reads = 0;
                TrainingTask inner = regression.Task;
                regression.Task = TestTask.Of(
                    inner.Network, inner.Examples.Count, b => ++reads > 7 ? throw new FormatException("data") : inner.Examples.ReadBatch(b),
                    inner.Objective.Loss, inner.Fingerprint);
            }
            long before = LiveTensors.Count();
            Exception? error = null;
            try
            {
                using DisposeScope outer = NewDisposeScope();
                regression.Run(options);
                Assert.AreEqual(0, outer.DisposablesCount, $"{end}: nothing is left to the caller's scope");
            }
            catch (Exception e) when (e is not AssertFailedException)
            {
                error = e;
            }

            Assert.AreEqual(before, Tensor.TotalCount, end);
            Assert.AreEqual(end is "normal" or "early stop", error is null, $"{end}: {error}");
            Assert.IsFalse(regression.Network.training, $"{end}: the network ends in evaluation mode");
        }
    }

    [TestMethod]
    public void A_run_works_where_the_caller_has_switched_gradients_off()
    {
        using var regression = new TinyRegression();
        string before = regression.Network.Bits();
        using (no_grad())
        {
            regression.Run(new() { BatchSize = 5, Steps = 2 });
            Assert.IsFalse(is_grad_enabled());
        }

        Assert.AreNotEqual(before, regression.Network.Bits());
    }

    [TestMethod]
    public void What_fails_on_the_data_thread_is_thrown_as_it_is()
    {
        using var regression = new TinyRegression();
        var thrown = new FormatException("row 7 is bad");
        int caller = Environment.CurrentManagedThreadId;
        int other = caller;
        regression.Task = TestTask.Of(
            regression.Network, 12,
            _ =>
            {
                other = Environment.CurrentManagedThreadId;
                throw thrown;
            },
            regression.Task.Objective.Loss);
        Assert.AreSame(thrown, Assert.ThrowsExactly<FormatException>(() => regression.Run(new() { Steps = 5 })));
        Assert.AreNotEqual(caller, other);
    }

    [TestMethod]
    public void Batches_are_read_ahead_but_not_far()
    {
        using var regression = new TinyRegression();
        using var ahead = new CountdownEvent(4);
        TrainingTask inner = regression.Task;
        regression.Task = TestTask.Of(
            inner.Network, inner.Examples.Count,
            b =>
            {
                if (!ahead.IsSet)
                    ahead.Signal();
                return inner.Examples.ReadBatch(b);
            },
            (b, m) =>
            {
                // One batch in use, two waiting, one being made: all without the loop's help.
                if (m.Step == 0)
                    Assert.IsTrue(ahead.Wait(TimeSpan.FromSeconds(30)), "the data thread works while the loss is computed");
                lock (regression.Read)
                    Assert.IsLessThanOrEqualTo(m.Step + 4, regression.Read.Count);
                return inner.Objective.Loss(b, m);
            });
        regression.Run(new() { BatchSize = 2, Steps = 20 });
    }

    [TestMethod]
    public void A_loss_that_is_not_a_number_names_the_step_and_what_to_change()
    {
        using var regression = new TinyRegression();
        regression.OnLoss = moment =>
        {
            using IDisposable _ = no_grad();
            if (moment.Step == 4)
                regression.Network.bias.fill_(double.NaN);
        };
        var options = new TrainingOptions { BatchSize = 5, Steps = 9, LearningRate = 0.125 };
        NotFiniteNumberException error = Assert.ThrowsExactly<NotFiniteNumberException>(() => regression.Run(options));
        StringAssert.Contains(error.Message, "loss is NaN at step 5 of 9");
        StringAssert.Contains(error.Message, "LearningRate (0.125)");
    }

    [TestMethod]
    public void A_network_without_trainable_parameters_is_refused()
    {
        using var regression = new TinyRegression();
        foreach (Parameter parameter in regression.Network.parameters())
            parameter.requires_grad = false;
        Assert.ThrowsExactly<ArgumentException>(() => regression.Run(new() { Steps = 1 }));
    }
}
