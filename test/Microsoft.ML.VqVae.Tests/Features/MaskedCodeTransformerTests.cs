using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>Masks, views and objectives of the network of features.</summary>
[TestClass]
public sealed class MaskedCodeTransformerTests
{
    static readonly CodeGrid _grid = new(4, 5, 2, 6), _sequence = CodeGrid.Sequence(6);

    static MaskedCodeTransformerOptions Options(double masked = 1, double bag = 0, double contrastive = 0, double dropout = 0) => new()
    {
        Layers = 2, Channels = 16, Heads = 2, FeedForwardChannels = 24, FeatureLayer = 2, MaskedCodesWeight = masked,
        BagOfCodesWeight = bag, ContrastiveWeight = contrastive, Dropout = dropout,
    };

    static Tensor Codes(CodeGrid grid, int rows, int length = 20)
    {
        using var generator = new Generator(5);
        return randint(grid.Codes, [rows, length, grid.CodesPerPosition], dtype: ScalarType.Int64, generator: generator);
    }

    [TestMethod]
    [DataRow(7, 7, 0.5, 2, 4)]
    [DataRow(1, 30, 0.3, 4, 10)]
    [DataRow(1, 3, 0.5, 4, 10)]
    [DataRow(6, 5, 0.99, 1, 1)]
    public void A_mask_has_its_share_of_the_positions_in_blocks(int height, int width, double share, int min, int max)
    {
        int wanted = Math.Max(1, (int)Math.Round(share * height * width, MidpointRounding.AwayFromZero));
        int[] total = new int[height * width];
        for (int stream = 0; stream < 400; stream++)
        {
            int[] mask = BlockMask.Draw(height, width, share, (min, max), seed: 3, stream);
            Assert.HasCount(wanted, mask);
            CollectionAssert.AreEqual(mask.Distinct().Order().ToArray(), mask);
            CollectionAssert.AreEqual(mask, BlockMask.Draw(height, width, share, (min, max), seed: 3, stream));
            foreach (int position in mask)
                total[position]++;
        }
        Assert.IsGreaterThan(0.7 * share * 400, total.Min(), "positions at the edges are masked too");
    }

    [TestMethod]
    public void Blocks_are_rectangles_of_the_grid()
    {
        // As many positions as a block has: where it lies within the grid, there is but one.
        int whole = 0;
        for (int stream = 0; stream < 50; stream++)
        {
            int[] mask = BlockMask.Draw(6, 8, 9.0 / 48, (3, 3), seed: 1, stream);
            whole += mask.SequenceEqual(Enumerable.Range(0, 9).Select(i => mask[0] + (i / 3 * 8) + (i % 3))) ? 1 : 0;
        }
        // 4·6 of the 8·10 places of a block.
        Assert.IsGreaterThan(8, whole);
        Assert.IsLessThan(24, whole);
    }

    /// <summary>The loss depends on the codes of masked positions as what is predicted, and on the others as what is seen.</summary>
    [TestMethod]
    public void Codes_of_masked_positions_are_targets_and_not_inputs()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        using var network = new MaskedCodeTransformer(Options(), _grid, 0, seed: 4);
        Tensor codes = Codes(_grid, 1);
        (Tensor states, Tensor positions) = new FeatureStep(network, codes, null, network.Embed(codes), step: 7).RunMasked();
        long[] masked = TensorAssert.Longs(positions);
        Assert.HasCount(10, masked);
        for (long position = 0; position < 20; position++)
        {
            Tensor others = codes.clone();
            others[0, position] = (others[0, position].Add(1)).Remainder(6);
            (Tensor after, _) = new FeatureStep(network, others, null, network.Embed(others), step: 7).RunMasked();
            float change = (after - states).abs().max().item<float>();
            if (masked.Contains(position))
                Assert.AreEqual(0, change, $"position {position} is masked");
            else
                Assert.IsGreaterThan(1e-5f, change, $"position {position} is visible");
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(3)]
    public void Features_of_a_sequence_do_not_depend_on_its_batch(int channels)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        using var network = new MaskedCodeTransformer(Options(), _sequence, channels, seed: 4);
        network.eval();
        using var generator = new Generator(5);
        Tensor inputs = channels == 0 ? Codes(_sequence, 3, 9) : randn([3, 9, channels], generator: generator);
        long[] lengths = [9, 4, 1];
        Tensor together = network.Features(inputs, tensor(lengths));
        Tensor pooled = FeaturePooling.Pool(together, _sequence, tensor(lengths), side: 2, maximum: true);
        for (int row = 0; row < lengths.Length; row++)
        {
            Tensor alone = network.Features(inputs.narrow(0, row, 1).narrow(1, 0, lengths[row]));
            TensorAssert.Close(alone[0], together[row].narrow(0, 0, lengths[row]), 1e-5, $"row {row}");
            TensorAssert.Close(FeaturePooling.Pool(alone, _sequence, null, 2, true)[0], pooled[row], 1e-5, $"pooled row {row}");
        }
    }

    [TestMethod]
    public void Frequencies_are_counted_without_padding()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor codes = tensor(new long[] { 1, 1, 2, 0, 2, 0, 0, 0 }).view(2, 4, 1);
        TensorAssert.Close([0.25f, 0.5f, 0.25f, 0.75f, 0, 0.25f], BagOfCodesObjective.Frequencies(codes, null, 3), 1e-6, "whole");
        TensorAssert.Close([0.25f, 0.5f, 0.25f, 0.5f, 0, 0.5f],
            BagOfCodesObjective.Frequencies(codes, tensor(new long[] { 4, 2 }), 3), 1e-6, "padded");
    }

    [TestMethod]
    public void The_contrastive_loss_is_that_of_its_definition()
    {
        using DisposeScope scope = NewDisposeScope();
        double[][] views = [[1, 0], [0, 2], [3, 1], [-1, 1]];
        double[][] units = [.. views.Select(view => view.Select(x => x / Math.Sqrt(view.Sum(y => y * y))).ToArray())];
        double Similarity(int i, int j) => Math.Exp(units[i].Zip(units[j], (a, b) => a * b).Sum() / 0.5);
        double expected = Enumerable.Range(0, 4).Average(i => -Math.Log(
            Similarity(i, (i + 2) % 4) / Enumerable.Range(0, 4).Where(j => j != i).Sum(j => Similarity(i, j))));
        Tensor nats = ContrastiveObjective.Nats(tensor(views.SelectMany(view => view).Select(x => (float)x).ToArray()).view(4, 2), 0.5);
        TensorAssert.Close([(float)expected], nats, 1e-5, "loss");
    }

    [TestMethod]
    public void Views_lie_within_their_rows()
    {
        using DisposeScope scope = NewDisposeScope();
        long[] lengths = [9, 4, 1];
        float[] draws = new float[2 + 6];
        for (int stream = 0; stream < 50; stream++)
        {
            SeededRandom.Uniforms(1, stream, draws);
            CodeView view = CodeView.Draw(1, 9, lengths, 3, 0.3, draws);
            for (int row = 0; row < 3; row++)
            {
                long[] positions = TensorAssert.Longs(view.Positions[row]);
                int real = view.Lengths is null ? positions.Length : (int)view.Lengths[row].item<long>();
                CollectionAssert.AreEqual(Enumerable.Range((int)positions[0], real).Select(i => (long)i).ToArray(), positions[..real]);
                Assert.IsTrue(positions.All(position => position >= 0 && position < lengths[row]));
                Assert.IsGreaterThanOrEqualTo(0.3 * lengths[row] - 0.5, real);
            }
            CodeView ofGrid = CodeView.Draw(4, 5, null, 3, 0.3, draws);
            long[] first = TensorAssert.Longs(ofGrid.Positions[0]);
            int width = first.TakeWhile((position, i) => position == first[0] + i && position / 5 == first[0] / 5).Count();
            Assert.AreEqual(0, first.Length % width);
            for (int i = 0; i < first.Length; i++)
                Assert.AreEqual(first[0] + (i / width * 5) + (i % width), first[i], "a rectangle");
        }
    }

    [TestMethod]
    public void All_objectives_together_are_the_sum_of_each()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor codes = Codes(_grid, 6);
        using var all = new MaskedCodeTransformer(Options(2, 3, 0.5), _grid, 0, seed: 4);
        StepLoss loss = all.Loss(codes, null, null, TestTask.At(2));
        CollectionAssert.AreEqual(new[] { "masked codes", "bag of codes", "contrastive" }, loss.Parts.Keys.ToArray());
        Assert.AreEqual(loss.Total.item<float>(), loss.Parts.Values.Sum(part => part.item<float>()), 1e-4);
        using var masked = new MaskedCodeTransformer(Options(2), _grid, 0, seed: 4);
        StepLoss alone = masked.Loss(codes, null, null, TestTask.At(2));
        Assert.IsEmpty(alone.Parts);
        Assert.AreEqual(alone.Total.item<float>(), loss.Parts["masked codes"].item<float>(), 1e-5);
        loss.Total.backward();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in all.named_parameters())
            Assert.IsGreaterThan(0f, parameter.grad!.abs().max().item<float>(), $"gradient of {name}");
    }

    [TestMethod]
    public void The_seed_and_the_step_decide_everything_random()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor random = get_rng_state(), codes = Codes(_grid, 6);
        using var one = new MaskedCodeTransformer(Options(1, 1, 1, dropout: 0.5), _grid, 0, seed: 1);
        using var same = new MaskedCodeTransformer(Options(1, 1, 1, dropout: 0.5), _grid, 0, seed: 1);
        float Loss(MaskedCodeTransformer network, long step) => network.Loss(codes, null, null, TestTask.At(step)).Total.item<float>();
        Assert.AreEqual(Loss(one, 3), Loss(same, 3));
        Assert.AreNotEqual(Loss(one, 3), Loss(one, 4));
        one.eval();
        Assert.AreEqual(Loss(one, 3), Loss(one, 4), "held-out examples have the same masks always");
        TensorAssert.Same(random, get_rng_state(), "state of torch's generator");
    }

    [TestMethod]
    public void Wrong_tensors_and_sizes_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new MaskedCodeTransformer(Options(), _grid, 0, seed: 1);
        using var ofVectors = new MaskedCodeTransformer(Options(), _sequence, 3, seed: 1);
        Tensor codes = Codes(_grid, 2);
        Assert.Contains("[any, 20, 2]", Assert.ThrowsExactly<ArgumentException>(() => network.Features(codes.narrow(1, 0, 7))).Message);
        Assert.Contains("0 … 5", Assert.ThrowsExactly<ArgumentException>(() => network.Features(codes.Add(1))).Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Features(codes, layer: 3));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => network.Features(codes, layer: 0));
        Assert.ThrowsExactly<ArgumentException>(() => ofVectors.Features(zeros(2, 4, 2)));
        Assert.ThrowsExactly<ArgumentException>(() => ofVectors.Features(zeros(2, 4, 3), tensor(new long[] { 5, 1 })));
        Assert.ThrowsExactly<ArgumentException>(() => ofVectors.Loss(Codes(_sequence, 2), null, null, TestTask.At(0)));
        Assert.ThrowsExactly<ArgumentException>(() => ofVectors.SetStatistics([0, 0, 0], [1, 1, 0]));
        ArgumentOutOfRangeException exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MaskedCodeTransformerOptions
        {
            Layers = 0, Channels = 12, Heads = 5, FeedForwardChannels = 0, Dropout = 1, FeatureLayer = 9, MaskedCodesWeight = 0,
            MaskShare = 1, MinMaskSize = 3, MaxMaskSize = 2, MinViewShare = 0, Temperature = 0,
        }.Validate());
        foreach (string option in (string[])["Layers", "Channels", "FeedForwardChannels", "Dropout", "FeatureLayer", "MaskedCodesWeight",
            "MaskShare", "MaxMaskSize", "MinViewShare", "Temperature"])
        {
            Assert.Contains(option, exception.Message);
        }
        Assert.Contains("Width", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new MaskedCodeTransformer(Options(), new CodeGrid(2, 0, 1, 4), 0, 1)).Message);
    }
}
