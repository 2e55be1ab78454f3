using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Training;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Distributed;

/// <summary>A run of several ranks as a whole: checkpoints, validation, progress, cancellation, failures.</summary>
[TestClass]
public sealed class GroupRunTests
{
    const int Steps = 12;

    [TestMethod]
    [DataRow(1, 2)]
    [DataRow(2, 1)]
    [DataRow(2, 3)]
    public void A_run_goes_on_with_another_number_of_ranks(int before, int after)
    {
        float[] expected = Train(1, folder: null).Weights[0];
        using var folder = new TemporaryFolder();
        // Step 7 lies between two reports and two checkpoints: the means of the last report are those of both parts of the run.
        Result first = Train(before, folder, cancelIn: 7, cancelingRank: before - 1);
        Assert.IsTrue(Array.TrueForAll(first.Exceptions, e => e is OperationCanceledException), $"{first.Exceptions[0]}");
        Result second = Train(after, folder);
        Assert.IsTrue(Array.TrueForAll(second.Exceptions, e => e is null), $"{second.Exceptions[0]}");
        foreach (float[] weights in second.Weights)
            AreClose(expected, weights);
        Assert.IsTrue(Array.TrueForAll(second.Summaries, summary => summary!.ResumedFromStep is 7 or 8));
        double loss = Train(1, folder: null).Summaries[0]!.Last.Loss;
        Assert.IsTrue(Array.TrueForAll(second.Summaries, summary => Math.Abs(summary!.Last.Loss - loss) < 1e-5 * Math.Abs(loss)));
    }

    [TestMethod]
    public void Rank_0_validates_and_all_ranks_keep_the_best_weights()
    {
        Result alone = Train(1, folder: null, validate: true), group = Train(3, folder: null, validate: true);
        Assert.IsTrue(Array.TrueForAll(group.Exceptions, e => e is null), $"{group.Exceptions[0]}");
        Assert.IsNotNull(alone.Summaries[0]!.BestValidationLoss);
        foreach (TrainingSummary? summary in group.Summaries)
        {
            Assert.AreEqual(alone.Summaries[0]!.BestValidationLoss!.Value, summary!.BestValidationLoss!.Value, 1e-5);
            Assert.AreEqual(alone.Summaries[0]!.BestValidationStep, summary.BestValidationStep);
        }
        foreach (float[] weights in group.Weights)
            AreClose(alone.Weights[0], weights);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_run_that_is_canceled_just_before_a_validation_ends_on_all_ranks(bool returnModel)
    {
        // The ranks agree on the cancellation of rank 1 in the step before the validation after step 8.
        Result result = Train(2, folder: null, cancelIn: 7, cancelingRank: 1, validate: true,
            change: (_, options) => options.ReturnModelWhenCanceled = returnModel);
        foreach ((Exception? exception, TrainingSummary? summary) in result.Exceptions.Zip(result.Summaries))
        {
            Assert.AreEqual(returnModel, exception is null, $"{exception}");
            Assert.IsTrue(returnModel ? summary!.Canceled : exception is OperationCanceledException, $"{exception}");
        }
    }

    [TestMethod]
    public void A_rank_that_cannot_begin_ends_all()
    {
        string file = Path.GetTempFileName();
        try
        {
            var group = new InMemoryGroup(2);
            Exception?[] exceptions = InMemoryGroup.Run(2, member =>
            {
                ImageVqVaeOptions options = Tiny.Options();
                // A file where there should be a folder, which rank 0 alone looks at.
                (options.Training.CheckpointFolder, options.Training.Group) = (file, member);
                var ml = new MLContext(seed: 1);
                ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(Tiny.Data(ml)).Dispose();
            }, group);
            Assert.IsInstanceOfType<IOException>(exceptions[0]);
            Assert.IsNotNull(exceptions[1]);
            Assert.ContainsSingle(group.Failures.Where(failure => failure.Contains(exceptions[0]!.Message, StringComparison.Ordinal)));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [TestMethod]
    public void Rank_0_alone_reports_the_means_of_whole_batches()
    {
        Result alone = Train(1, folder: null), group = Train(2, folder: null);
        Assert.IsTrue(Array.TrueForAll(group.Exceptions, e => e is null), $"{group.Exceptions[0]}");
        Assert.HasCount(3, alone.Progress[0]);
        Assert.HasCount(3, group.Progress[0]);
        Assert.IsEmpty(group.Progress[1]);
        foreach ((TrainingProgress expected, TrainingProgress found) in alone.Progress[0].Zip(group.Progress[0]))
        {
            Assert.AreEqual(expected.Loss, found.Loss, 1e-5 * Math.Abs(expected.Loss));
            Assert.AreEqual(expected.Terms["error"], found.Terms["error"], 1e-5 * expected.Terms["error"]);
            Assert.AreEqual(expected.Perplexity!.Value, found.Perplexity!.Value, 1e-5);
        }
    }

    [TestMethod]
    public void A_rank_that_fails_ends_all_with_its_message()
    {
        using var group = new InMemoryGroup(3);
        Result result = Train(3, folder: null, group: group, onLoss: (rank, step) =>
        {
            if (rank == 1 && step == 4)
                throw new InvalidOperationException("The disk of rank 1 is gone.");
        });
        Assert.Contains("rank 1: The disk of rank 1 is gone.", group.Failures);
        Assert.AreEqual("The disk of rank 1 is gone.", result.Exceptions[1]!.Message);
        Assert.IsTrue(Array.TrueForAll(result.Exceptions, e => e is not null), "A rank goes on.");
    }

    [TestMethod]
    public void A_rank_that_fails_before_its_first_step_ends_all()
    {
        using var group = new InMemoryGroup(2);
        Result result = Train(2, folder: null, group: group, examples: rank => rank == 1 ? 1 : 12);
        Assert.IsInstanceOfType<ArgumentException>(result.Exceptions[1]);
        Assert.IsNotNull(result.Exceptions[0]);
        Assert.Contains($"rank 1: {result.Exceptions[1]!.Message}", group.Failures);
    }

    [TestMethod]
    public void A_cancellation_that_the_ranks_did_not_agree_on_ends_all()
    {
        using var group = new InMemoryGroup(2);
        Result result = Train(2, folder: null, group: group, change: (rank, options) => options.Progress = rank > 0 ? null
            : new Listener(_ => throw new OperationCanceledException("The window was closed.")));
        Assert.AreEqual("The window was closed.", result.Exceptions[0]!.Message);
        Assert.IsNotNull(result.Exceptions[1]);
        Assert.Contains("rank 0: The window was closed.", group.Failures);
    }

    [TestMethod]
    public void A_group_canceled_before_the_first_step_stops_at_once()
    {
        Result result = Train(2, folder: null, cancelIn: -1, cancelingRank: 1);
        Assert.IsTrue(Array.TrueForAll(result.Exceptions, e => e is OperationCanceledException), $"{result.Exceptions[0]}");
    }

    [TestMethod]
    public void Ranks_with_other_settings_are_named_on_every_rank()
    {
        Result result = Train(3, folder: null, change: (rank, options) => options.LearningRate = rank == 2 ? 0.5 : 0.25);
        foreach (Exception? exception in result.Exceptions)
        {
            Assert.IsInstanceOfType<InvalidOperationException>(exception);
            Assert.Contains("rank 2 differs from rank 0: LearningRate is 0.5; LearningRate is 0.25 on rank 0.", exception.Message);
        }
    }

    [TestMethod]
    public void A_batch_with_fewer_examples_than_ranks_is_an_error()
    {
        Result result = Train(3, folder: null, change: (_, options) => options.BatchSize = 2);
        foreach (Exception? exception in result.Exceptions)
        {
            Assert.IsInstanceOfType<ArgumentException>(exception);
            Assert.Contains("A batch has 2 examples, too few for a group of 3", exception.Message);
        }
    }

    [TestMethod]
    public void Ranks_that_drift_apart_are_an_error()
    {
        Result result = Train(2, folder: null, onWeights: (rank, network) => network.bias.add_(rank * 0.01));
        Assert.IsTrue(Array.TrueForAll(result.Exceptions, e => e!.Message.Contains("weights of the ranks differ by")), $"{result.Exceptions[0]}");
    }

    sealed record Result(
        float[][] Weights, TrainingSummary?[] Summaries, List<TrainingProgress>[] Progress, Exception?[] Exceptions);

    sealed class Reports(List<TrainingProgress> list) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => list.Add(value);
    }

    static Result Train(
        int ranks, TemporaryFolder? folder, int? cancelIn = null, int cancelingRank = 0, bool validate = false,
        Action<int, TrainingOptions>? change = null, Action<int, long>? onLoss = null, InMemoryGroup? group = null,
        Action<int, TinyNetwork>? onWeights = null, Func<int, int>? examples = null)
    {
        float[][] weights = new float[ranks][];
        var summaries = new TrainingSummary?[ranks];
        List<TrainingProgress>[] progress = [.. Enumerable.Range(0, ranks).Select(_ => new List<TrainingProgress>())];
        Exception?[] exceptions = InMemoryGroup.Run(ranks, member =>
        {
            using DisposeScope scope = NewDisposeScope();
            int rank = member.Rank;
            using var regression = new TinyRegression(examples?.Invoke(rank) ?? 20);
            using var cancellation = new CancellationTokenSource();
            if (cancelIn < 0 && rank == cancelingRank)
                cancellation.Cancel();
            regression.OnLoss = moment =>
            {
                if (moment.Step == cancelIn && rank == cancelingRank)
                    cancellation.Cancel();
                onLoss?.Invoke(rank, moment.Step);
                if (onWeights is not null && regression.Network.training)
                {
                    using IDisposable _ = no_grad();
                    onWeights(rank, regression.Network);
                }
            };
            var options = new TrainingOptions
            {
                Steps = Steps, BatchSize = 7, LearningRate = 0.05, Seed = 2, CheckpointFolder = folder?.Path, CheckpointEverySteps = 3,
                ProgressEverySteps = 5, CancellationToken = cancellation.Token, Progress = new Reports(progress[rank]),
                Group = ranks == 1 ? null : member,
            };
            if (validate)
                (options.ValidationFraction, options.ValidateEverySteps, options.EarlyStoppingPatience) = (0.3, 2, 10);
            change?.Invoke(rank, options);
            summaries[rank] = regression.Run(options);
            weights[rank] = [.. regression.Network.state_dict().Where(t => t.Key != "seen").OrderBy(t => t.Key, StringComparer.Ordinal)
                .SelectMany(t => t.Value.data<float>().ToArray())];
        }, group);
        return new Result(weights, summaries, progress, exceptions);
    }

    static void AreClose(float[] expected, float[] found)
    {
        Assert.HasCount(expected.Length, found);
        for (int i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], found[i], 1e-5f);
    }
}
