using System.Text.Json.Nodes;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>What was trained is not lost: by a cancellation, by a full disk, or by a checkpoint that is broken.</summary>
[TestClass]
public sealed class LostTrainingTests
{
    [TestMethod]
    public void A_canceled_run_returns_the_model_so_far_if_asked_to()
    {
        using var five = new TinyRegression();
        five.Run(Options(steps: 5));
        using var regression = new TinyRegression();
        TrainingSummary summary = regression.Run(Canceled(regression, after: 5, Options(steps: 18)));
        Assert.IsTrue(summary.Canceled);
        Assert.AreEqual((5L, 18L, false), (summary.Steps, summary.TotalSteps, summary.StoppedEarly));
        Assert.AreEqual(5, summary.Last.Step, "the last steps are reported");
        Assert.AreEqual(five.Network.Bits(), regression.Network.Bits());
        Assert.IsFalse(regression.Network.training);
        Assert.IsFalse(five.Run(Options(steps: 5)).Canceled);
    }

    [TestMethod]
    public void The_model_of_a_canceled_run_is_the_best_of_its_validations()
    {
        using var regression = new TinyRegression();
        string? best = null;
        TrainingOptions options = Options(steps: 18);
        (options.ValidationFraction, options.ValidateEverySteps) = (0.25, 3);
        options = Canceled(regression, after: 11, options, moment =>
        {
            using IDisposable _ = no_grad();
            // The network is spoilt but before the validation after step 6.
            if (!regression.Network.training && moment.Step == 6)
                best = regression.Network.Bits();
            if (regression.Network.training)
                regression.Network.bias.fill_(moment.Step == 5 ? 0 : 50 + (int)moment.Step);
        });
        TrainingSummary summary = regression.Run(options);
        Assert.IsTrue(summary.Canceled);
        Assert.AreEqual(6, summary.BestValidationStep);
        Assert.AreEqual(11, summary.Steps);
        Assert.AreEqual(best, regression.Network.Bits());
    }

    [TestMethod]
    public void A_canceled_run_that_returned_its_model_goes_on_from_its_checkpoint()
    {
        using var whole = new TinyRegression();
        TrainingOptions Validated(TemporaryFolder? folder)
        {
            TrainingOptions options = Options(steps: 18, folder);
            (options.ValidationFraction, options.ValidateEverySteps) = (0.25, 3);
            return options;
        }
        whole.Run(Validated(null));
        using var folder = new TemporaryFolder();
        using (var first = new TinyRegression())
            Assert.IsTrue(first.Run(Canceled(first, after: 7, Validated(folder))).Canceled);
        using var second = new TinyRegression();
        Assert.AreEqual(7, second.Run(Validated(folder)).ResumedFromStep);
        Assert.AreEqual(whole.Network.Bits(), second.Network.Bits(), "a run to the end has the weights of its last step");
    }

    [TestMethod]
    public void A_run_that_is_canceled_before_its_first_step_has_no_model()
    {
        using var regression = new TinyRegression();
        TrainingOptions options = Options(steps: 5);
        (options.ReturnModelWhenCanceled, options.CancellationToken) = (true, new CancellationToken(canceled: true));
        Assert.ThrowsExactly<OperationCanceledException>(() => regression.Run(options));
    }

    [TestMethod]
    public void A_checkpoint_that_cannot_be_written_is_a_warning()
    {
        using var whole = new TinyRegression();
        whole.Run(Options(steps: 10));
        using var parent = new TemporaryFolder();
        string folder = Path.Combine(parent.Path, "run");
        using var regression = new TinyRegression();
        TrainingOptions options = Options(steps: 10);
        options.CheckpointFolder = folder;
        regression.OnLoss = moment => Break(moment.Step == 6, folder);
        List<string> lines = [], warnings = [];
        TrainingSummary summary = TrainingLoop.Run(regression.Task, options, CPU, lines.Add, warnings.Add);
        Assert.AreEqual(10, summary.Steps);
        Assert.AreEqual(whole.Network.Bits(), regression.Network.Bits());
        Assert.HasCount(2, warnings);
        StringAssert.Contains(warnings[0], "The checkpoint after 8 of 10 steps could not be written: ");
        StringAssert.Contains(warnings[1], "The checkpoint after 10 of 10 steps could not be written: ");
    }

    [TestMethod]
    public void A_cancellation_says_that_its_checkpoint_could_not_be_written()
    {
        using var parent = new TemporaryFolder();
        string folder = Path.Combine(parent.Path, "run");
        using var regression = new TinyRegression();
        TrainingOptions options = Options(steps: 10);
        options.CheckpointFolder = folder;
        options = Canceled(regression, after: 6, options, moment => Break(moment.Step == 4, folder));
        options.ReturnModelWhenCanceled = false;
        OperationCanceledException error = Assert.ThrowsExactly<OperationCanceledException>(() => regression.Run(options));
        StringAssert.Contains(error.Message, "its checkpoint could not be written");
        Assert.IsInstanceOfType<IOException>(error.InnerException);
    }

    [TestMethod]
    public void A_folder_that_cannot_be_written_is_an_error_before_the_first_step()
    {
        using var parent = new TemporaryFolder();
        File.WriteAllText(Path.Combine(parent.Path, "file"), "");
        using var regression = new TinyRegression();
        regression.OnLoss = _ => Assert.Fail("no step");
        TrainingOptions options = Options(steps: 5);
        options.CheckpointFolder = Path.Combine(parent.Path, "file", "run");
        IOException error = Assert.ThrowsExactly<IOException>(() => regression.Run(options));
        StringAssert.Contains(error.Message, $"CheckpointFolder '{options.CheckpointFolder}' cannot be written");
    }

    [TestMethod]
    public void A_finished_run_leaves_one_file()
    {
        using var folder = new TemporaryFolder();
        using var regression = new TinyRegression();
        File.WriteAllText(folder.File + ".0123456789abcdef.tmp", "left by a process that was killed");
        regression.Run(Options(steps: 9, folder));
        CollectionAssert.AreEqual(new[] { folder.File }, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void A_broken_state_is_an_error_that_names_the_file()
    {
        using var folder = new TemporaryFolder();
        TrainingOptions options = Options(steps: 18, folder);
        (options.ValidationFraction, options.ValidateEverySteps) = (0.25, 3);
        using (var first = new TinyRegression())
            first.Run(Canceled(first, after: 7, options));
        byte[] bytes = File.ReadAllBytes(folder.File);
        options.CancellationToken = default;
        using SafetensorsContent content = Safetensors.Read(new MemoryStream(bytes), "good");
        int refused = 0;
        foreach (string[] path in PathsOf(JsonNode.Parse(content.Metadata["state"])!, []))
        {
            foreach (string? value in new[] { "null", "0", "-1", "2147483648", "1e300", "[]" })
            {
                JsonNode state = JsonNode.Parse(content.Metadata["state"])!;
                Replace(state, path, JsonNode.Parse(value));
                Safetensors.WriteFile(
                    folder.File, content.Tensors, new Dictionary<string, string>(content.Metadata) { ["state"] = state.ToJsonString() });
                refused += Resumes($"{string.Join('.', path)} = {value}") ? 0 : 1;
            }
        }
        Assert.IsGreaterThan(100, refused);

        foreach (string name in content.Tensors.Keys)
        {
            Safetensors.WriteFile(folder.File, content.Tensors.Where(t => t.Key != name), content.Metadata);
            Assert.IsFalse(Resumes($"without {name}") && !name.StartsWith("meter.", StringComparison.Ordinal)
                && !name.StartsWith("best.", StringComparison.Ordinal), name);
            using Tensor wrong = zeros(2, 3);
            Safetensors.WriteFile(
                folder.File, content.Tensors.Where(t => t.Key != name).Append(new(name, wrong)), content.Metadata);
            // Counts may have any shape; how many codes there are is known to the network alone.
            Assert.IsTrue(name.EndsWith(".counts", StringComparison.Ordinal) || !Resumes($"{name} of another shape"), name);
        }

        bool Resumes(string what)
        {
            using var second = new TinyRegression();
            try
            {
                second.Run(options);
                return true;
            }
            catch (InvalidDataException error)
            {
                StringAssert.Contains(error.Message, folder.File, what);
                return false;
            }
            catch (InvalidOperationException error) when (error.Message.Contains("has done", StringComparison.Ordinal))
            {
                StringAssert.Contains(error.Message, folder.File, what);
                return false;
            }
        }
    }

    static IEnumerable<string[]> PathsOf(JsonNode? node, string[] path) => node switch
    {
        JsonObject some =>
            some.SelectMany(property => PathsOf(property.Value, [.. path, property.Key])).Append(path).Where(p => p.Length > 0),
        // One report stands for all.
        JsonArray many => (many.Count == 0 ? [] : PathsOf(many[0], [.. path, "0"])).Append(path),
        _ => [path],
    };

    static void Replace(JsonNode root, string[] path, JsonNode? value)
    {
        JsonNode at = root;
        foreach (string name in path[..^1])
            at = at is JsonArray ? at[int.Parse(name, null)]! : at[name]!;
        if (at is JsonArray array)
            array[int.Parse(path[^1], null)] = value;
        else
            at[path[^1]] = value;
    }

    // A file in the place of the folder: nothing can be written there, whoever tries it.
    static void Break(bool now, string folder)
    {
        if (!now)
            return;
        Directory.Delete(folder, recursive: true);
        File.WriteAllText(folder, "");
    }

    static TrainingOptions Canceled(
        TinyRegression regression, int after, TrainingOptions options, Action<TrainingMoment>? onLoss = null)
    {
        var cancellation = new CancellationTokenSource();
        regression.OnLoss = moment =>
        {
            onLoss?.Invoke(moment);
            if (moment.Step == after - 1 && regression.Network.training)
                cancellation.Cancel();
        };
        (options.ReturnModelWhenCanceled, options.CancellationToken) = (true, cancellation.Token);
        return options;
    }

    static TrainingOptions Options(int steps, TemporaryFolder? folder = null) => new()
    {
        LearningRate = 0.05, BatchSize = 2, Steps = steps, Seed = 7, ProgressEverySteps = 4, CheckpointFolder = folder?.Path,
        CheckpointEverySteps = 4,
    };
}
