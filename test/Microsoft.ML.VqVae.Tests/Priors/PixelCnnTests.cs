using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>What holds for every PixelCNN: what each code sees, conditions, seeds, saved state, errors.</summary>
[TestClass]
public sealed class PixelCnnTests
{
    internal static PixelCnnOptions Options(Action<PixelCnnOptions>? change = null)
    {
        var options = new PixelCnnOptions { Height = 3, Width = 4, Codes = 7, Layers = 3, Channels = 6, SkipChannels = 20 };
        change?.Invoke(options);
        return options;
    }

    internal static Tensor RandomCodes(PixelCnn network, int batch, int seed = 1)
    {
        using var generator = new Generator((ulong)seed);
        return randint(network.Codes, [batch, network.Length!.Value], generator: generator);
    }

    /// <summary>Which places of the flattened grid the gradient of the logits of <paramref name="index"/> reaches.</summary>
    static int[] Seen(PixelCnn network, int index)
    {
        using DisposeScope scope = NewDisposeScope();
        network.zero_grad();
        (int count, int groups) = (network.Length!.Value, network.Options.CodesPerPosition);
        // Each place has a code of its own, so that the gradient of a row of the tables is the gradient at one place.
        Tensor codes = arange(count, dtype: ScalarType.Int64).unsqueeze(0);
        network.Logits(codes).select(1, index).square().sum().backward();
        bool Reached(Tensor? gradient, int row) => gradient is not null && gradient.select(0, row).abs().max().item<float>() > 0;
        Tensor? table = network.get_parameter("codes")!.grad;
        Tensor? earlier = groups > 1 ? network.get_parameter("head.earlier")!.grad : null;
        return [.. Enumerable.Range(0, count).Where(place =>
            Reached(table, place % groups * network.Codes + place)
            || (place % groups < groups - 1 && Reached(earlier, place % groups * network.Codes + place)))];
    }

    [TestMethod]
    [DataRow(3, 4, 1, 3, 4)]
    [DataRow(4, 3, 3, 3, 4)]
    [DataRow(5, 5, 1, 5, 3)]
    [DataRow(1, 6, 2, 3, 6)]
    [DataRow(6, 1, 1, 3, 6)]
    [DataRow(2, 3, 1, 9, 1)]
    public void Each_code_sees_all_earlier_codes_and_no_other(int height, int width, int groups, int kernel, int layers)
    {
        using var network = new PixelCnn(
            Options(o => (o.Height, o.Width, o.CodesPerPosition, o.KernelSize, o.Layers, o.Codes)
                = (height, width, groups, kernel, layers, height * width * groups)), 1);
        for (int index = 0; index < network.Length; index++)
            CollectionAssert.AreEqual(Enumerable.Range(0, index).ToArray(), Seen(network, index), $"code {index}");
    }

    [TestMethod]
    public void One_layer_sees_its_window_and_nothing_later()
    {
        using var network = new PixelCnn(Options(o => (o.Height, o.Width, o.Codes, o.Layers) = (5, 5, 25, 1)), 1);
        // Row 2, column 2: two rows above with a column to each side (the shifted window of 2×3), two codes to the left.
        CollectionAssert.AreEqual(new[] { 1, 2, 3, 6, 7, 8, 10, 11 }, Seen(network, 12));
    }

    [TestMethod]
    public void Conditions_change_what_is_likely_everywhere()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new PixelCnn(Options(o => (o.Conditions, o.MapChannels) = (3, 2)), 1);
        Tensor codes = RandomCodes(network, 2);
        using var generator = new Generator(5);
        Tensor map = randn(2, 2, 3, 4, generator: generator);
        Tensor plain = network.Logits(codes, tensor(new long[] { 0, 1 }), map);
        Tensor otherClass = network.Logits(codes, tensor(new long[] { 2, 1 }), map);
        Tensor changed = (plain - otherClass).abs().sum(2).gt(0);
        Assert.AreEqual(12, changed[0].sum().ToInt64(), "every position of the first row");
        Assert.AreEqual(0, changed[1].sum().ToInt64(), "no position of the second");

        // A map is known as a whole before sampling starts, so a position may see its neighbours to the right; it does see its own.
        Tensor otherMap = map.clone();
        otherMap.select(2, 1).select(2, 2).add_(1);
        Tensor moved = (plain - network.Logits(codes, tensor(new long[] { 0, 1 }), otherMap)).abs().sum(2).gt(0);
        Assert.IsTrue(moved[0, 6].item<bool>(), "the position itself");
        Assert.IsFalse(moved[0, 3].item<bool>(), "the row above");

        Tensor same = randn([2, 2, 1, 1], generator: generator);
        TensorAssert.Close(
            network.Logits(codes, tensor(new long[] { 0, 1 }), same.repeat(1, 1, 3, 4)),
            network.Logits(codes, tensor(new long[] { 0, 1 }), same), 1e-5, "one vector for all positions");
    }

    [TestMethod]
    public void The_seed_decides_weights_and_dropout_and_torchs_own_generator_is_not_touched()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor random = get_rng_state();
        using var one = new PixelCnn(Options(o => o.Dropout = 0.5), 1);
        using var same = new PixelCnn(Options(o => o.Dropout = 0.5), 1);
        using var other = new PixelCnn(Options(), 2);
        foreach ((string? name, Tensor? value) in one.state_dict())
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
    public void What_is_saved_and_loaded_scores_identically()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new PixelCnn(Options(o => (o.Conditions, o.CodesPerPosition) = (2, 2)), 1);
        using var loaded = new PixelCnn(Options(o => (o.Conditions, o.CodesPerPosition) = (2, 2)), 2);
        loaded.load_state_dict(TensorAssert.Snapshot(network));
        Tensor codes = RandomCodes(network, 3);
        Tensor conditions = tensor(new long[] { 1, 0, 1 });
        TensorAssert.Same(network.Bits(codes, conditions), loaded.Bits(codes, conditions), "bits");
    }

    [TestMethod]
    public void Weights_have_the_documented_names_and_shapes()
    {
        using var network = new PixelCnn(
            Options(o => (o.Layers, o.CodesPerPosition, o.Conditions, o.MapChannels, o.KernelSize) = (2, 2, 3, 4, 5)), 1);
        var shapes = network.named_parameters().ToDictionary(entry => entry.name, entry => string.Join("×", entry.parameter.shape));
        var expected = new Dictionary<string, string>
        {
            ["codes"] = "14×6",
            ["layers.0.vertical.weight"] = "12×6×3×5", ["layers.0.vertical.bias"] = "12", ["layers.0.across"] = "12×12",
            ["layers.0.horizontal.weight"] = "12×6×1×3", ["layers.0.horizontal.bias"] = "12",
            ["layers.0.output.weight"] = "26×6", ["layers.0.output.bias"] = "26",
            ["layers.0.condition"] = "3×24", ["layers.0.map"] = "24×4",
            ["layers.1.vertical.weight"] = "12×6×3×5", ["layers.1.vertical.bias"] = "12", ["layers.1.across"] = "12×12",
            ["layers.1.horizontal.weight"] = "12×6×1×3", ["layers.1.horizontal.bias"] = "12",
            ["layers.1.output.weight"] = "20×6", ["layers.1.output.bias"] = "20",
            ["layers.1.condition"] = "3×24", ["layers.1.map"] = "24×4",
            ["head.hidden.weight"] = "40×20", ["head.hidden.bias"] = "40", ["head.earlier"] = "7×20",
            ["head.logits.0.weight"] = "7×20", ["head.logits.0.bias"] = "7",
            ["head.logits.1.weight"] = "7×20", ["head.logits.1.bias"] = "7",
        };
        CollectionAssert.AreEquivalent(expected.ToArray(), shapes.ToArray());
    }

    [TestMethod]
    public void Wrong_options_are_told_at_once()
    {
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PixelCnn(
            Options(o => (o.Height, o.Codes, o.KernelSize, o.Dropout, o.Layers) = (0, 1, 4, 1, 0)), 1));
        StringAssert.Contains(error.Message, "Height must be 1 or more, but is 0");
        StringAssert.Contains(error.Message, "Codes must be 2 or more, but is 1");
        StringAssert.Contains(error.Message, "KernelSize must be an odd number of 3 or more, but is 4");
        StringAssert.Contains(error.Message, "Dropout must be from 0 to below 1, but is 1");
        StringAssert.Contains(error.Message, "Layers must be 1 or more, but is 0");
    }

    [TestMethod]
    public void Codes_conditions_and_maps_that_do_not_fit_are_told()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new PixelCnn(Options(o => (o.Conditions, o.MapChannels) = (3, 2)), 1);
        using var plain = new PixelCnn(Options(), 1);
        Tensor codes = zeros(2, 12, dtype: ScalarType.Int64);
        Tensor conditions = zeros(2, dtype: ScalarType.Int64);
        Tensor map = zeros(2, 2, 3, 4);
        void Told(string expected, Func<Tensor> call) => StringAssert.Contains(
            Assert.Throws<ArgumentException>(() => call()).Message, expected);
        Told("Codes must be Int64 [batch, 12], but are Int64 [2, 11]", () => plain.Logits(zeros(2, 11, dtype: ScalarType.Int64)));
        Told("Codes must be Int64 [batch, 12], but are Float32 [2, 12]", () => plain.Bits(zeros(2, 12)));
        Told("Codes must be Int64 [batch, 12], but are Int64 [12]", () => plain.Loss(zeros(12, dtype: ScalarType.Int64)));
        Told("Codes must be within 0 … 6, but reach from 0 to 7", () => plain.Logits(codes + tensor(new long[] { 0, 7 }).unsqueeze(1)));
        Told("is conditioned on no class, but conditions are given", () => plain.Logits(codes, conditions));
        Told("is conditioned on no map, but one is given", () => plain.Logits(codes, map: map));
        Told("is conditioned on 3 classes, but no conditions are given", () => network.Logits(codes, map: map));
        Told("Conditions must be Int64 [2], one a row, but are Int64 [3]",
            () => network.Logits(codes, zeros(3, dtype: ScalarType.Int64), map));
        Told("Conditions must be within 0 … 2, but reach from 3 to 3", () => network.Logits(codes, conditions + 3, map));
        Told("a map of 2 channels, but none is given", () => network.Logits(codes, conditions));
        Told("Maps must be Float32 [2, 2, 3, 4], or [2, 2, 1, 1]", () => network.Logits(codes, conditions, zeros(2, 2, 4, 3)));
        Told("Lengths must be Int64 [2]", () => plain.Bits(codes, lengths: zeros(3, dtype: ScalarType.Int64)));
        Told("Lengths must be within 0 … 12", () => plain.Bits(codes, lengths: tensor(new long[] { 1, 13 })));
    }

    [TestMethod]
    public void No_tensor_outlives_scoring_or_training()
    {
        using var network = new PixelCnn(Options(o => (o.Dropout, o.Conditions, o.CodesPerPosition) = (0.2, 2, 2)), 1);
        using Tensor codes = RandomCodes(network, 2);
        using Tensor conditions = zeros(2, dtype: ScalarType.Int64);
        void Step()
        {
            using DisposeScope scope = NewDisposeScope();
            network.Loss(codes, conditions, step: 1).backward();
            network.Bits(codes, conditions);
        }

        Step();
        network.zero_grad();
        long before = LiveTensors.Count();
        Step();
        network.zero_grad();
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void Training_finds_the_rule_of_the_codes()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new PixelCnn(Options(o => (o.Channels, o.Layers, o.CodesPerPosition, o.Conditions) = (16, 2, 2, 2)), 1);
        // The class decides the first code; each next one is 1 more, in class 1 also 1 more again from the second position of a row on.
        long Rule(int place, int condition) => (condition + place + (place % 8 > 2 ? condition : 0)) % 7;
        Tensor conditions = tensor(new long[] { 0, 1, 0, 1 });
        Tensor codes = tensor(Enumerable.Range(0, 4 * 24).Select(place => Rule(place % 24, place / 24 % 2)).ToArray()).view(4, 24);
        using Adam optimizer = optim.Adam(network.parameters(), 1e-2);
        float loss = float.NaN;
        for (int step = 0; step < 60; step++)
        {
            using DisposeScope stepScope = NewDisposeScope();
            optimizer.zero_grad();
            Tensor value = network.Loss(codes, conditions, step: step);
            value.backward();
            optimizer.step();
            loss = value.item<float>();
        }
        Assert.IsLessThan(0.1f, loss);
        Tensor sampled = network.Sample(new SampleRequest { Count = 4, Conditions = conditions, Seed = 1, TopK = 1 });
        CollectionAssert.AreEqual(TensorAssert.Longs(codes), TensorAssert.Longs(sampled));
    }
}
