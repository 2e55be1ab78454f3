using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>What holds for every transformer prior, over grids and over sequences: what each code sees, cached steps, seeds, saved state,
/// resumed training, errors.</summary>
[TestClass]
public sealed class TransformerPriorTests
{
    const int Codes = 7, SequenceLength = 20;

    static readonly CodeGrid Grid = new(3, 4, 1, Codes), GridOfPairs = new(2, 3, 2, Codes), Sequence = CodeGrid.Sequence(Codes);

    /// <summary>A grid, a grid with two codes per position, a line and a sequence, each with and without conditions.</summary>
    public static IEnumerable<object[]> Kinds =>
        from grid in new[] { Grid, GridOfPairs, CodeGrid.Line(9, Codes), Sequence }
        from conditions in new[] { 0, 3 }
        select new object[] { grid, conditions };

    static TransformerPriorOptions Options(double dropout = 0) => new()
    {
        Layers = 2,
        Channels = 12,
        Heads = 3,
        FeedForwardChannels = 20,
        Dropout = dropout,
    };

    /// <summary>A network whose fresh weights are enlarged, so that codes are not all about as likely.</summary>
    static TransformerPrior Network(CodeGrid grid, int conditions, double dropout = 0)
    {
        var network = new TransformerPrior(Options(dropout), grid, conditions, seed: 3);
        using (no_grad())
        {
            foreach (TorchSharp.Modules.Parameter parameter in network.parameters())
                parameter.mul_(1.5);
        }
        return network;
    }

    static Tensor RandomCodes(TransformerPrior network, int batch, int seed = 4)
    {
        using var generator = new Generator((ulong)seed);
        return randint(network.Codes, [batch, network.Length ?? SequenceLength], generator: generator);
    }

    static Tensor? Conditions(TransformerPrior network, int batch) => network.Conditions == 0
        ? null : tensor([.. Enumerable.Range(0, batch).Select(row => (long)row % network.Conditions)]);

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Cached_steps_give_the_logits_of_whole_rows(CodeGrid grid, int conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        using TransformerPrior network = Network(grid, conditions);
        Tensor codes = RandomCodes(network, 3), given = codes.clone();
        int length = (int)codes.shape[1];
        using IDisposable withoutGradients = no_grad();
        Tensor expected = network.Logits(codes, Conditions(network, 3));
        // The logits of each code, then of every fourth only: codes that are accepted without logits are processed together.
        foreach (int stride in new[] { 1, 4 })
        {
            using CodeSteps steps = network.Begin(3, length, Conditions(network, 3));
            for (int i = 0; i < length; i++)
            {
                if (i % stride == stride - 1)
                {
                    TensorAssert.Close(expected.select(1, i), steps.NextLogits(), 1e-4, $"code {i}");
                    TensorAssert.Close(expected.select(1, i), steps.NextLogits(), 1e-4, $"code {i}, asked for again");
                }
                steps.Accept(codes.select(1, i));
            }
            Assert.ThrowsExactly<InvalidOperationException>(() => steps.NextLogits());
            Assert.ThrowsExactly<InvalidOperationException>(() => steps.Accept(codes.select(1, 0)));
        }
        TensorAssert.Same(given, codes, "the codes that were accepted");
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Cached_samples_are_those_of_whole_rows(CodeGrid grid, int conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        using TransformerPrior network = Network(grid, conditions, dropout: 0.3);
        var request = new SampleRequest
        {
            Count = 5,
            Length = network.Length ?? SequenceLength,
            Conditions = Conditions(network, 5),
            Seed = 6,
            Temperature = 0.8,
        };
        long[] cached = TensorAssert.Longs(network.Sample(request));
        CollectionAssert.AreEqual(TensorAssert.Longs(network.Sample(request with { Cached = false })), cached);
        CollectionAssert.AreEqual(TensorAssert.Longs(network.Sample(request with { BatchSize = 2 })), cached);
        CollectionAssert.AreNotEqual(TensorAssert.Longs(network.Sample(request with { Seed = 7 })), cached);

        // Half of the codes are fixed, the first ones of all rows and single ones later.
        Tensor given = full([5, request.Length], -1, dtype: ScalarType.Int64);
        given.narrow(1, 0, 4).copy_(RandomCodes(network, 5).narrow(1, 0, 4));
        given[2, 7] = tensor(3L);
        SampleRequest completion = request with { Given = given };
        CollectionAssert.AreEqual(TensorAssert.Longs(network.Sample(completion with { Cached = false })),
            TensorAssert.Longs(network.Sample(completion)), "completed");
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Each_code_sees_all_earlier_codes_and_no_other(CodeGrid grid, int conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        using TransformerPrior network = Network(grid, conditions);
        using IDisposable withoutGradients = no_grad();
        Tensor codes = RandomCodes(network, 1);
        Tensor? condition = Conditions(network, 1);
        Tensor expected = network.Logits(codes, condition);
        for (int changed = 0; changed < codes.shape[1]; changed++)
        {
            Tensor other = codes.clone();
            other.select(1, changed).add_(1).remainder_(Codes);
            Tensor difference = (network.Logits(other, condition) - expected).abs().amax([2]);
            float[] found = TensorAssert.Floats(difference);
            Assert.AreEqual(0, found[..(changed + 1)].Max(), $"codes up to the changed code {changed}");
            Assert.IsTrue(found[(changed + 1)..].All(change => change > 0), $"codes after the changed code {changed}");
        }
    }

    [TestMethod]
    public void The_same_codes_elsewhere_have_other_logits_in_a_grid_and_the_class_changes_all()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        foreach (CodeGrid grid in new[] { Grid, GridOfPairs, Sequence })
        {
            using TransformerPrior network = Network(grid, 3);
            Tensor codes = full([1, network.Length ?? SequenceLength], 2, dtype: ScalarType.Int64);
            Tensor logits = network.Logits(codes, tensor(new long[] { 0 }));
            if (!grid.IsSequence)
            {
                Tensor step = (logits.narrow(1, 2, logits.shape[1] - 2) - logits.narrow(1, 1, logits.shape[1] - 2)).abs().amax([2]);
                Assert.IsTrue(TensorAssert.Floats(step).All(change => change > 1e-3), $"{grid}: equal codes, other places");
            }
            Tensor other = network.Logits(codes, tensor(new long[] { 1 }));
            Assert.IsTrue(TensorAssert.Floats((logits - other).abs().amax([2])).All(change => change > 1e-3), $"{grid}: class");
        }
    }

    [TestMethod]
    public void In_a_sequence_only_distances_count()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        using TransformerPrior network = Network(Sequence, 0);
        TransformerLayer layer = network.Layers[0];
        using var generator = new Generator(5);
        Tensor inputs = randn([2, 6, 12], generator: generator);
        Tensor rotation = network.Positions(40, null).Rotation!;
        Tensor first = layer.Forward(inputs, rotation.narrow(1, 0, 6));
        TensorAssert.Close(first, layer.Forward(inputs, rotation.narrow(1, 30, 6)), 1e-5, "30 codes later");
        Tensor stretched = rotation.index_select(1, tensor(new long[] { 0, 2, 4, 6, 8, 10 }));
        Assert.IsGreaterThan(1e-3f, (first - layer.Forward(inputs, stretched)).abs().max().item<float>(), "twice as far apart");
    }

    [TestMethod]
    public void The_seed_decides_weights_and_dropout_and_torchs_own_generator_is_not_touched()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor random = get_rng_state();
        using var one = new TransformerPrior(Options(dropout: 0.5), Grid, 0, seed: 1);
        using var same = new TransformerPrior(Options(dropout: 0.5), Grid, 0, seed: 1);
        using var other = new TransformerPrior(Options(), Grid, 0, seed: 2);
        foreach ((string name, Tensor value) in one.state_dict())
            TensorAssert.Same(value, same.state_dict()[name], name);
        CollectionAssert.AreNotEqual(TensorAssert.Floats(one.state_dict()["codes"]), TensorAssert.Floats(other.state_dict()["codes"]));
        Tensor codes = RandomCodes(one, 4);
        float loss = one.Loss(codes, step: 3).item<float>();
        Assert.AreEqual(loss, same.Loss(codes, step: 3).item<float>());
        Assert.AreNotEqual(loss, one.Loss(codes, step: 4).item<float>(), "other channels are left out");
        one.eval();
        Assert.AreEqual(one.Loss(codes, step: 3).item<float>(), one.Loss(codes, step: 4).item<float>(), "nothing is left out");
        TensorAssert.Same(random, get_rng_state(), "state of torch's generator");
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void What_is_saved_and_loaded_scores_identically(CodeGrid grid, int conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        using TransformerPrior network = Network(grid, conditions);
        using var loaded = new TransformerPrior(Options(), grid, conditions, seed: 2);
        Tensor codes = RandomCodes(network, 3);
        Tensor? given = Conditions(network, 3);
        CollectionAssert.AreNotEqual(TensorAssert.Floats(network.Bits(codes, given)), TensorAssert.Floats(loaded.Bits(codes, given)));
        loaded.load_state_dict(TensorAssert.Snapshot(network));
        TensorAssert.Same(network.Bits(codes, given), loaded.Bits(codes, given), "bits");
    }

    [TestMethod]
    public void Weights_have_the_documented_names_and_shapes()
    {
        static Dictionary<string, string> Shapes(CodeGrid grid, int conditions)
        {
            using TransformerPrior network = Network(grid, conditions);
            return network.state_dict().ToDictionary(entry => entry.Key, entry => string.Join("×", entry.Value.shape));
        }

        var expected = new Dictionary<string, string>
        {
            ["codes"] = "15×12",
            ["conditions"] = "3×12",
            ["rows"] = "2×12",
            ["columns"] = "3×12",
            ["places"] = "2×12",
            ["norm.weight"] = "12",
            ["norm.bias"] = "12",
            ["logits.0.weight"] = "7×12",
            ["logits.0.bias"] = "7",
            ["logits.1.weight"] = "7×12",
            ["logits.1.bias"] = "7",
        };
        foreach (string layer in new[] { "layers.0", "layers.1" })
        {
            foreach ((string part, string weight, string bias) in new[]
            {
                ("attentionNorm", "12", "12"), ("attention", "36×12", "36"), ("attentionOutput", "12×12", "12"),
                ("feedForwardNorm", "12", "12"), ("feedForward", "20×12", "20"), ("feedForwardOutput", "12×20", "12"),
            })
            {
                (expected[$"{layer}.{part}.weight"], expected[$"{layer}.{part}.bias"]) = (weight, bias);
            }
        }
        CollectionAssert.AreEquivalent(expected.ToArray(), Shapes(GridOfPairs, 3).ToArray());
        foreach (string name in new[] { "conditions", "rows", "columns", "places", "logits.1.weight", "logits.1.bias" })
            expected.Remove(name);
        expected["codes"] = "8×12";
        CollectionAssert.AreEquivalent(expected.ToArray(), Shapes(Sequence, 0).ToArray());
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void An_interrupted_training_ends_with_the_same_bits(bool grid)
    {
        (List<string> expected, _) = Train(grid, folder: null, cancelAt: null);
        foreach (int cancelAt in new[] { 1, 4 })
        {
            using var folder = new TemporaryFolder();
            Assert.ThrowsExactly<OperationCanceledException>(() => Train(grid, folder, cancelAt));
            (List<string> state, TrainingSummary summary) = Train(grid, folder, cancelAt: null);
            CollectionAssert.AreEqual(expected, state, $"cancelled in step {cancelAt}");
            // A training from the start would end with the same bits.
            Assert.AreEqual(cancelAt + 1, summary.ResumedFromStep);
        }
    }

    // The state of the trained network as text, a line for each tensor.
    static (List<string> State, TrainingSummary Summary) Train(bool grid, TemporaryFolder? folder, int? cancelAt)
    {
        using TransformerPrior network = Network(grid ? GridOfPairs : Sequence, conditions: 0, dropout: 0.2);
        using var cancellation = new CancellationTokenSource();
        TrainingTask task = TestTask.Of(
            network, examples: 10,
            numbers => [stack(numbers.Numbers.ToArray().Select(number => RandomCodes(network, 1, seed: number).squeeze(0)))],
            (batch, moment) =>
            {
                if (moment.Step == cancelAt)
                    cancellation.Cancel();
                return CodePrior.ToStepLoss(network.Loss(batch[0], step: moment.Step));
            });
        var options = new TrainingOptions
        {
            LearningRate = 1e-2,
            BatchSize = 4,
            Steps = 7,
            Seed = 1,
            CheckpointFolder = folder?.Path,
            CancellationToken = cancellation.Token,
        };
        TrainingSummary summary = TrainingLoop.Run(task, options, CPU);
        return ([.. network.state_dict().OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => $"{entry.Key} {Convert.ToHexString(TensorAssert.Bytes(entry.Value))}")], summary);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Training_finds_the_rule_of_the_codes(bool grid)
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new TransformerPrior(
            new TransformerPriorOptions { Layers = 2, Channels = 16, Heads = 2 }, grid ? GridOfPairs : Sequence, conditions: 2, seed: 1);
        // The class decides the first code; each next one is 1 more, from the fifth on in class 1 also 1 more again.
        long[] Rule(int condition) => [.. Enumerable.Range(0, 12).Select(i => (condition + i + (i > 3 ? condition : 0)) % (long)Codes)];
        Tensor conditions = tensor(new long[] { 0, 1 });
        Tensor codes = tensor((long[])[.. Rule(0), .. Rule(1)]).view(2, 12);
        float uniform = MathF.Log2(Codes);
        Assert.AreEqual(uniform, network.Bits(codes, conditions).mean().item<float>(), 1.5, "bits before training");
        using optim.Optimizer optimizer = optim.Adam(network.parameters(), 1e-2);
        for (int step = 0; step < 60; step++)
        {
            using DisposeScope stepScope = NewDisposeScope();
            optimizer.zero_grad();
            network.Loss(codes, conditions, step: step).backward();
            optimizer.step();
        }
        Assert.IsLessThan(0.1f * uniform, network.Bits(codes, conditions).mean().item<float>());
        Tensor sampled = network.Sample(new SampleRequest { Count = 2, Length = 12, Conditions = conditions, Seed = 1, TopK = 1 });
        CollectionAssert.AreEqual(TensorAssert.Longs(codes), TensorAssert.Longs(sampled));
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void No_tensor_outlives_scoring_training_steps_or_samples(CodeGrid grid, int conditions)
    {
        using TransformerPrior network = Network(grid, conditions, dropout: 0.2);
        void Use()
        {
            using (DisposeScope scope = NewDisposeScope())
            {
                Tensor codes = RandomCodes(network, 2);
                Tensor? given = Conditions(network, 2);
                network.Loss(codes, given, step: 1).backward();
                network.Bits(codes, given);
                network.Sample(new SampleRequest { Count = 2, Length = (int)codes.shape[1], Conditions = given });
            }
            network.zero_grad();
        }

        Use();
        long before = LiveTensors.Count();
        Use();
        Assert.AreEqual(before, Tensor.TotalCount, "scoring, training and sampling");
        using Tensor? fixedConditions = Conditions(network, 2);
        using Tensor first = zeros(2, dtype: ScalarType.Int64);
        before = LiveTensors.Count();
        using (CodeSteps steps = network.Begin(2, network.Length ?? SequenceLength, fixedConditions))
        {
            steps.NextLogits().Dispose();
            steps.Accept(first);
            steps.Accept(first);
            steps.NextLogits().Dispose();
        }
        Assert.AreEqual(before, Tensor.TotalCount, "steps without a dispose scope around them");
    }

    [TestMethod]
    public void Options_that_cannot_work_are_told_together()
    {
        var options = new TransformerPriorOptions { Layers = 0, Heads = 0, Channels = 0, FeedForwardChannels = -1, Dropout = 1 };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(options.Validate).Message;
        foreach (string problem in new[]
        {
            "The transformer prior's options cannot be used", "Layers must be 1 or more, but is 0", "Heads must be 1 or more, but is 0",
            "Channels must be a positive multiple of Heads · 2, but is 0", "FeedForwardChannels must be 0 or more, but is -1",
            "Dropout must be from 0 to below 1, but is 1",
        })
        {
            Assert.Contains(problem, message);
        }
        options = new TransformerPriorOptions { Channels = 20, Heads = 4 };
        message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => options.CreateNetwork(Grid, 0, 1)).Message;
        Assert.Contains("Channels must be a positive multiple of Heads · 2, but is 20", message);

        void Refused(CodeGrid grid, int conditions, string problem) => Assert.Contains(problem,
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new TransformerPrior(Options(), grid, conditions, seed: 1)).Message);
        Refused(new CodeGrid(2, 2, 1, 1), 0, "Codes must be 2 or more, but is 1");
        Refused(new CodeGrid(2, 0, 0, 5), 0, "Width must be 1 or more, but is 0; CodesPerPosition must be 1 or more, but is 0");
        Refused(new CodeGrid(0, 3, 1, 5), 0, "Width must be 0 for a sequence of any length");
        Refused(new CodeGrid(0, 0, 2, 5), 0, "CodesPerPosition must be 1 for a sequence of any length");
        Refused(Grid, -1, "conditions must be 0 or more, but is -1");
    }

    [TestMethod]
    public void The_presets_work()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (TransformerPriorOptions options in new[] { TransformerPriorOptions.Large(), TransformerPriorOptions.Fast() })
        {
            options.Validate();
            using CodePrior network = options.CreateNetwork(Grid, 2, seed: 8);
            Assert.AreEqual((Codes, 2, 12), (network.Codes, network.Conditions, network.Length!.Value));
            Tensor state = network.state_dict()["layers.0.feedForward.weight"];
            CollectionAssert.AreEqual(new long[] { 4L * options.Channels, options.Channels }, state.shape);
        }
    }
}
