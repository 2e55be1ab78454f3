using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>The prior over video as an ML.NET component: bits of frames in their order, rollouts, files, and what it refuses.</summary>
[TestClass]
public class VideoPriorTests
{
    const int Side = 3, K = 5, Context = 2;

    readonly MLContext _ml = new(seed: 1);

    /// <summary>A frame is codes that move by the action: a small world in which actions matter.</summary>
    internal sealed class Frame
    {
        public uint[] Codes { get; set; } = [];

        public string Action { get; set; } = "";

        public string Episode { get; set; } = "";
    }

    static List<Frame> Walk(string episode, int frames, int seed)
    {
        var random = new Random(seed);
        uint[] world = [.. Enumerable.Range(0, 12).Select(_ => (uint)random.Next(1, K + 1))];
        int place = 0;
        return [.. Enumerable.Range(0, frames).Select(_ =>
        {
            int step = random.Next(2);
            place += step == 0 ? 1 : world.Length - 1;
            return new Frame
            {
                Codes = [.. Enumerable.Range(0, Side * Side).Select(i => world[(place + i % Side) % world.Length])],
                Action = step == 0 ? "left" : "right",
                Episode = episode,
            };
        })];
    }

    internal static List<Frame> Walks(params int[] lengths) => [.. lengths.SelectMany((length, number) => Walk($"walk{number}", length, number))];

    IDataView View(IReadOnlyCollection<Frame> frames, int codes = K, params int[] dimensions) => View(_ml, frames, codes, dimensions);

    internal static IDataView View(MLContext ml, IReadOnlyCollection<Frame> frames, int codes = K, params int[] dimensions)
    {
        var schema = SchemaDefinition.Create(typeof(Frame));
        schema["Codes"].ColumnType = new VectorDataViewType(
            new KeyDataViewType(typeof(uint), codes), dimensions.Length > 0 ? dimensions : [Side, Side, 1]);
        IDataView rows = ml.Data.LoadFromEnumerable(frames, schema);
        return ml.Transforms.Conversion.MapValueToKey("Action").Append(ml.Transforms.Conversion.MapValueToKey("Episode"))
            .Fit(rows).Transform(rows);
    }

    internal static VideoPriorOptions Options(int steps = 4) => new()
    {
        Network = new()
        {
            Frame = new() { Layers = 2, Channels = 6 },
            ContextFrames = Context,
            EmbeddingChannels = 4,
            ContextChannels = 6,
            MotionKernelSize = 3,
            ContextBlocks = 1,
        },
        Training = new() { LearningRate = 1e-2, BatchSize = 8, Steps = steps, Seed = 5 },
        PredictionBatchSize = 4,
    };

    VideoPriorTransformer Fit(IDataView data, int steps = 4) =>
        _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", Options(steps)).Fit(data);

    /// <summary>Frames of one batch under the same action share a convolution, whose rounding depends on how many they are.</summary>
    static void AreClose(float[] expected, float[] found)
    {
        Assert.HasCount(expected.Length, found);
        for (int row = 0; row < expected.Length; row++)
            Assert.AreEqual(expected[row], found[row], 1e-4);
    }

    static float[] Bits(ITransformer prior, IDataView data) => [.. Values.Read(prior.Transform(data), "Bits").Select(row => (float)row[0])];

    static uint[][] Codes(IDataView made) => [.. Values.Read(made, "Codes").Select(row => (uint[])row[0])];

    [TestMethod]
    public void Bits_are_those_of_the_network_and_missing_where_the_context_is()
    {
        List<Frame> frames = Walks(7, 2, 5);
        using VideoPriorTransformer prior = Fit(View(frames));
        float[] bits = Bits(prior, View(frames));
        int[] missing = [0, 1, 7, 8, 9, 10];
        CollectionAssert.AreEqual(missing, Enumerable.Range(0, bits.Length).Where(row => float.IsNaN(bits[row])).ToArray());

        // The same network with the saved weights, given the frames one at a time.
        using var folder = new Tests.Samples.TemporaryFolder();
        prior.SaveWeights(folder.File("weights.safetensors"));
        VideoCodePriorOptions options = Options().Network;
        (options.Actions, options.Frame.Height, options.Frame.Width, options.Frame.Codes) = (2, Side, Side, K);
        using var network = new VideoCodePrior(options, seed: 0);
        using SafetensorsContent weights = Safetensors.ReadFile(folder.File("weights.safetensors"));
        using (NewDisposeScope())
            weights.CopyTo(network.state_dict());
        network.eval();
        // MapValueToKey counts the actions in the order in which they come.
        string[] actions = [.. frames.Select(frame => frame.Action).Distinct()];
        foreach (int row in Enumerable.Range(0, frames.Count).Except(missing))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor Of(params int[] rows) => tensor(rows.SelectMany(number => frames[number].Codes).Select(key => key - 1L).ToArray());
            long[] did = [Array.IndexOf(actions, frames[row - 1].Action), Array.IndexOf(actions, frames[row].Action)];
            Tensor ofCodes = network.Bits(Of(row).view(1, -1), Of(row - 2, row - 1).view(1, 2, -1), tensor(did).view(1, 2));
            double expected = TensorAssert.Floats(ofCodes).Sum();
            Assert.AreEqual(expected, bits[row], 1e-3, $"row {row}");
        }
    }

    [TestMethod]
    public void The_bits_of_a_frame_depend_on_nothing_that_comes_later_and_on_the_action_that_led_to_it()
    {
        List<Frame> frames = Walks(10);
        using VideoPriorTransformer prior = Fit(View(frames));
        float[] bits = Bits(prior, View(frames));
        const int changed = 5;
        Frame before = frames[changed];

        frames[changed] = new Frame
        {
            Codes = [.. before.Codes.Select(code => code % K + 1)],
            Action = before.Action,
            Episode = before.Episode,
        };
        float[] otherFrame = Bits(prior, View(frames));
        AreClose(bits[Context..changed], otherFrame[Context..changed]);
        for (int row = changed; row <= changed + Context; row++)
            Assert.IsGreaterThan(1e-3, Math.Abs(bits[row] - otherFrame[row]), $"row {row}");
        AreClose(bits[(changed + Context + 1)..], otherFrame[(changed + Context + 1)..]);

        frames[changed] = new Frame { Codes = before.Codes, Action = before.Action == "left" ? "right" : "left", Episode = before.Episode };
        float[] otherAction = Bits(prior, View(frames));
        AreClose(bits[Context..changed], otherAction[Context..changed]);
        Assert.IsGreaterThan(1e-3, Math.Abs(bits[changed] - otherAction[changed]));
        AreClose(bits[(changed + Context)..], otherAction[(changed + Context)..]);
    }

    [TestMethod]
    public void Actions_are_known_by_their_names_and_what_was_learnt_shows()
    {
        IDataView data = View(Walks(40, 40, 40, 40));
        using VideoPriorTransformer prior = Fit(data, steps: 300);
        List<Frame> test = Walk("test", 30, seed: 99);
        double right = Bits(prior, View(test)).Where(float.IsFinite).Average(bits => bits);
        foreach (Frame frame in test)
            frame.Action = frame.Action == "left" ? "right" : "left";
        double wrong = Bits(prior, View(test)).Where(float.IsFinite).Average(bits => bits);
        Assert.IsLessThan(wrong - 1, right);
        CollectionAssert.AreEquivalent(new[] { "left", "right" }, prior.Actions.ToArray());

        test[4].Action = "jump";
        Exception unknown = Assert.Throws<InvalidOperationException>(() => Bits(prior, View(test)));
        Assert.Contains("'jump'", unknown.Message);
    }

    [TestMethod]
    public void A_rollout_follows_from_its_seed_cached_or_not_and_goes_through_a_decoder_schema()
    {
        IDataView context = View(Walks(4, 3));
        using VideoPriorTransformer prior = Fit(View(Walks(20, 20)));
        string[] actions = ["left", "left", "right"];
        IDataView made = prior.Rollout(_ml, context, actions, count: 2, new SamplingOptions { Seed = 3 });
        Assert.AreEqual(((VectorDataViewType)context.Schema["Codes"].Type).ToString(), made.Schema["Codes"].Type.ToString());
        uint[][] codes = Codes(made);
        Assert.HasCount(2 * 2 * 3, codes);
        Assert.IsTrue(codes.SelectMany(row => row).All(key => key is >= 1 and <= K));
        SamplingOptions[] same =
        [
            new() { Seed = 3, Cached = false }, new() { Seed = 3, BatchSize = 1 }, new() { Seed = 3, BatchSize = 3 },
        ];
        foreach (SamplingOptions options in same)
            CollectionAssert.AreEqual(codes.SelectMany(row => row).ToArray(), Codes(prior.Rollout(_ml, context, actions, 2, options))
                .SelectMany(row => row).ToArray());
        CollectionAssert.AreNotEqual(codes.SelectMany(row => row).ToArray(), Codes(prior.Rollout(_ml, context, actions, 2,
            new SamplingOptions { Seed = 4 })).SelectMany(row => row).ToArray());
        CollectionAssert.AreNotEqual(codes[0].Concat(codes[1]).ToArray(), codes[3].Concat(codes[4]).ToArray(),
            "two rollouts of one episode");

        IDataView named = _ml.Transforms.Conversion.MapKeyToValue("Action").Append(_ml.Transforms.Conversion.MapKeyToValue("Episode"))
            .Fit(made).Transform(made);
        List<object[]> rows = Values.Read(named, "Episode", "Rollout", "Action");
        CollectionAssert.AreEqual(new object[] { "walk0", 1, "right" }, rows[5]);
        CollectionAssert.AreEqual(new object[] { "walk1", 0, "left" }, rows[6]);

        var own = new Dictionary<string, IReadOnlyList<string>>
        {
            ["walk0"] = ["left", "left", "right"],
            ["walk1"] = ["right", "left", "left"],
        };
        uint[][] ofOwn = Codes(prior.Rollout(_ml, context, own, 2, new SamplingOptions { Seed = 3 }));
        CollectionAssert.AreEqual(codes[..6].SelectMany(row => row).ToArray(), ofOwn[..6].SelectMany(row => row).ToArray());
    }

    [TestMethod]
    public void It_is_the_same_after_saving_and_loading()
    {
        IDataView data = View(Walks(12, 9));
        using VideoPriorTransformer prior = Fit(data);
        using var stream = new MemoryStream();
        _ml.Model.Save(prior, data.Schema, stream);
        stream.Position = 0;
        using var loaded = (VideoPriorTransformer)_ml.Model.Load(stream, out _);
        CollectionAssert.AreEqual(Bits(prior, data), Bits(loaded, data));
        string[] actions = ["right", "left"];
        var options = new SamplingOptions { Seed = 1 };
        CollectionAssert.AreEqual(Codes(prior.Rollout(_ml, data, actions, 1, options)).SelectMany(row => row).ToArray(),
            Codes(loaded.Rollout(_ml, data, actions, 1, options)).SelectMany(row => row).ToArray());
        Assert.AreEqual(Context, loaded.ContextFrames);
        Assert.IsNull(loaded.TrainingSummary);
    }

    [TestMethod]
    public void Rows_are_read_in_their_order_and_not_one_by_one()
    {
        IDataView data = View(Walks(12, 9));
        using VideoPriorTransformer prior = Fit(data);
        IDataView scored = prior.Transform(data);
        Assert.IsFalse(scored.CanShuffle);
        using DataViewRowCursor shuffled = scored.GetRowCursor([scored.Schema["Bits"]], new Random(1));
        float[] bits = [.. Values.Read(shuffled, scored.Schema["Bits"]).Select(row => (float)row[0])];
        CollectionAssert.AreEqual(Bits(prior, data), bits);
        ITransformer transformer = prior;
        Assert.IsFalse(transformer.IsRowToRowMapper);
        Assert.Contains("use Transform", Assert.Throws<InvalidOperationException>(() =>
            transformer.GetRowToRowMapper(data.Schema)).Message);
    }

    [TestMethod]
    public void The_schema_is_the_one_that_was_promised()
    {
        IDataView data = View(Walks(8));
        VideoPriorEstimator estimator = _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", Options());
        using VideoPriorTransformer prior = estimator.Fit(data);
        string[] Describe(SchemaShape shape) =>
            [.. shape.Select(column => $"{column.Name} {column.Kind} {column.ItemType} {column.IsKey}").Order()];
        CollectionAssert.AreEqual(Describe(estimator.GetOutputSchema(Tiny.Shape(data.Schema))),
            Describe(Tiny.Shape(prior.GetOutputSchema(data.Schema))));
    }

    [TestMethod]
    public void What_will_not_do_is_refused_with_its_reason()
    {
        VideoPriorEstimator estimator = _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", Options());
        Assert.Contains("an episode needs 3 frames", Refused<InvalidOperationException>(() => estimator.Fit(View(Walks(2, 1)))));
        Assert.Contains("one frame per row", Refused<ArgumentOutOfRangeException>(() => estimator.Fit(View(
            [new Frame { Codes = [.. Enumerable.Repeat(1u, 18)], Action = "left", Episode = "a" }], K, 2, Side, Side, 1))));
        List<Frame> mixed = Walks(4, 4);
        mixed.AddRange(Walk("walk0", 3, 7));
        Assert.Contains("must be consecutive", Refused<InvalidOperationException>(() => estimator.Fit(View(mixed))));
        Assert.Contains("Could not find action column 'Nothing'", Refused<ArgumentOutOfRangeException>(() =>
            _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Nothing", "Episode", Options()).Fit(View(Walks(5)))));

        using VideoPriorTransformer prior = Fit(View(Walks(20, 20)));
        IDataView context = View(Walks(4));
        Assert.Contains("which the model was trained on", Refused<ArgumentOutOfRangeException>(() =>
            prior.Transform(View(Walks(4), K + 1)).GetRowCursor([])));
        Assert.Contains("the prior needs at least 2", Refused<InvalidOperationException>(() => prior.Rollout(_ml, View(Walks(4, 1)), ["left"])));
        Assert.Contains("'walk1'", Refused<InvalidOperationException>(() => prior.Rollout(_ml, View(Walks(4, 1)), ["left"])));
        Assert.Contains("'jump'", Refused<ArgumentException>(() => prior.Rollout(_ml, context, ["left", "jump"])));
        Assert.Contains("at least one", Refused<ArgumentException>(() => prior.Rollout(_ml, context, [])));
        Assert.Contains("no actions for the episode 'walk0'", Refused<ArgumentException>(() =>
            prior.Rollout(_ml, context, new Dictionary<string, IReadOnlyList<string>>())));
        VideoPriorOptions wrong = Options();
        (wrong.Network.ContextFrames, wrong.Network.MotionKernelSize, wrong.PredictionBatchSize) = (0, 4, 0);
        string all = Refused<ArgumentOutOfRangeException>(() =>
            _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", wrong));
        foreach (string option in (string[])["ContextFrames", "MotionKernelSize", "PredictionBatchSize"])
            Assert.Contains(option, all);
    }

    static string Refused<T>(Action action) where T : Exception => Assert.Throws<T>(action).Message;

    [TestMethod]
    public void No_tensor_is_left_behind()
    {
        IDataView data = View(Walks(12, 9));
        void Everything()
        {
            using VideoPriorTransformer prior = Fit(data);
            Bits(prior, data);
            prior.Rollout(_ml, data, ["left", "right"], 2, new SamplingOptions { Seed = 1, BatchSize = 3 });
            Assert.Throws<ArgumentException>(() => prior.Rollout(_ml, data, ["up"]));
        }
        Everything();
        VideoCodePriorOptions options = Options().Network;
        (options.Actions, options.Frame.Height, options.Frame.Width, options.Frame.Codes) = (2, Side, Side, K);
        long network = Growth(() => new VideoCodePrior(options, 1).Dispose());
        Assert.AreEqual(network, Growth(Everything), "after fit, transform, rollout and dispose");
    }

    [TestMethod]
    public void Training_goes_on_from_a_trained_transformer_with_the_same_actions()
    {
        IDataView frames = View(Walks(9, 8));
        VideoPriorOptions options = Options(steps: 20);
        options.Training.ProgressEverySteps = 1;
        using VideoPriorTransformer first =
            _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", options).Fit(frames);
        options.WarmStart = first;
        using VideoPriorTransformer second =
            _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", options).Fit(frames);
        Assert.IsLessThan(first.TrainingSummary!.LearningCurve[0].Loss, second.TrainingSummary!.LearningCurve[0].Loss);
        List<Frame> still = Walks(9, 8);
        still.ForEach(frame => frame.Action = "up");
        Assert.Contains("trained with the 2 classes", Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", options).Fit(View(still))).Message);
    }

    [TestMethod]
    public void A_cancellation_is_noticed_however_many_rollouts_are_to_be_sampled()
    {
        using VideoPriorTransformer prior =
            _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", Options(1)).Fit(View(Walks(9)));
        using var cancellation = new CancellationTokenSource();
        var options = new SamplingOptions { Seed = 1, CancellationToken = cancellation.Token, Progress = new Canceling(cancellation) };
        Assert.ThrowsExactly<OperationCanceledException>(() => prior.Rollout(_ml, View(Walks(9)), ["left"], 2_000_000_000, options));
        Assert.Contains("are more than 2147483647 rows", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => prior.Rollout(_ml, View(Walks(9)), ["left", "left"], 2_000_000_000)).Message);
    }

    sealed class Canceling(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value) => source.Cancel();
    }

    [TestMethod]
    public void Rollouts_of_several_requests_are_those_of_one()
    {
        using VideoPriorTransformer prior =
            _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", Options(1)).Fit(View(Walks(9)));
        List<object[]> Rows(int batchSize) => Values.Read(prior.Rollout(
            _ml, View(Walks(9, 8)), ["left", "right"], 9, new SamplingOptions { Seed = 1, BatchSize = batchSize }), "Codes");
        List<object[]> many = Rows(1);
        Assert.HasCount(36, many);
        Values.AreEqual(Rows(64), many);
    }
}
