using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Quantization;
using Microsoft.ML.VqVae.Tests.Training;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>The second level: a few latents for a grid of codes, and a PixelCNN that decodes them.</summary>
[TestClass]
public class CodesVqVaeTests
{
    const int Side = 5, Codes = 4, Patterns = 8;

    static CodesVqVae Network(int perPosition = 1, int latents = 2) => new(
        new CodesCodecOptions
        {
            EmbeddingChannels = 4, HiddenChannels = 16, ResidualBlocks = 1,
            Decoder = new PixelCnnOptions
            {
                Height = Side, Width = Side, CodesPerPosition = perPosition, Codes = Codes, Layers = 2, Channels = 16, MapChannels = 4,
            },
        },
        new VectorQuantizerOptions
        {
            Codes = 8, Dimensions = 8, CodesPerPosition = latents, SeparateCodebooks = true, Learning = CodebookLearning.MovingAverage,
            InitializeFromData = true, UnquantizedSteps = 20, RestartEverySteps = 10,
        },
        seed: 3);

    /// <summary>Grids [rows, N] of one of eight patterns each, a tenth of their codes at random: three bits say most of a grid.</summary>
    static Tensor Grids(int rows, int seed, int perPosition = 1)
    {
        var patterns = new Random(0);
        int length = Side * Side * perPosition;
        long[][] pattern = [.. Enumerable.Range(0, Patterns).Select(_ => Enumerable.Range(0, length).Select(_ => patterns.NextInt64(Codes)).ToArray())];
        var random = new Random(seed);
        var codes = new List<long>();
        for (int row = 0; row < rows; row++)
        {
            long[] chosen = pattern[random.Next(Patterns)];
            codes.AddRange(chosen.Select(code => random.Next(10) == 0 ? random.NextInt64(Codes) : code));
        }
        return tensor(codes.ToArray()).view(rows, length);
    }

    [TestMethod]
    public void Codes_out_of_range_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using CodesVqVae network = Network(perPosition: 2);
        foreach (long code in (long[])[-1, Codes])
        {
            // Of two codes at a position, the one out of range would be a code of the other.
            Tensor grids = Grids(2, seed: 1, perPosition: 2);
            grids[1, 3] = code;
            foreach (Action act in (Action[])[() => network.Encode(grids), () => network.Loss(grids, new TrainingMoment(0, 1))])
                Assert.Contains("Codes must be", Assert.ThrowsExactly<ArgumentException>(act).Message);
        }
        Assert.Contains("Latents must be Int64 [batch, 2], but are null",
            Assert.ThrowsExactly<ArgumentException>(() => network.Sample(null!, new SampleRequest { Count = 1 })).Message);
    }

    [TestMethod]
    public void Latents_are_used_though_the_decoder_could_do_without()
    {
        using DisposeScope scope = NewDisposeScope();
        using CodesVqVae network = Network();
        Tensor grids = Grids(256, seed: 1), heldOut = Grids(64, seed: 2);
        TrainingLoop.Run(
            TestTask.Of(
                network, 256,
                examples => [grids.index_select(0, tensor(examples.Numbers.ToArray().Select(number => (long)number).ToArray()))],
                (batch, moment) => network.Loss(batch[0], moment)),
            new TrainingOptions { Steps = 200, BatchSize = 32, LearningRate = 5e-3, Seed = 1 }, CPU);
        Tensor latents = network.Encode(heldOut);
        double bits = network.Bits(heldOut, latents).sum(1).mean().item<float>();
        double shuffled = network.Bits(heldOut, latents.index_select(0, tensor(Enumerable.Range(1, 64).Select(row => row % 64L).ToArray()))).sum(1).mean().item<float>();
        // A grid has 3 bits of pattern; the decoder alone must find them out from the first codes.
        Assert.IsLessThan(shuffled - 10, bits, $"{bits} bits with its own latents, {shuffled} with those of others");
        Tensor again = network.Sample(latents, new SampleRequest { Count = 0, Seed = 5 });
        double agreement = again.eq(heldOut).to_type(ScalarType.Float32).mean().item<float>();
        Assert.IsGreaterThan(0.7, agreement, "sampled grids should look like those that were encoded");
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void What_a_row_is_sampled_as_does_not_depend_on_the_rows_around_it(int perPosition)
    {
        using DisposeScope scope = NewDisposeScope();
        using CodesVqVae network = Network(perPosition);
        network.eval();
        Tensor latents = network.Encode(Grids(6, seed: 1, perPosition));
        Assert.IsTrue(latents.shape.SequenceEqual([6L, 2L]));
        Tensor all = network.Sample(latents, new SampleRequest { Count = 0, Seed = 7, BatchSize = 4 });
        for (int row = 0; row < 6; row++)
        {
            Tensor alone = network.Sample(latents.narrow(0, row, 1), new SampleRequest { Count = 0, Seed = 7 });
            TensorAssert.Same(all.narrow(0, row, 1), alone, $"row {row}");
        }
        Tensor other = network.Sample(latents, new SampleRequest { Count = 0, Seed = 8 });
        Assert.IsFalse(TensorAssert.Longs(other).SequenceEqual(TensorAssert.Longs(all)));
    }

    [TestMethod]
    public void Each_place_of_a_position_has_its_own_meaning()
    {
        using DisposeScope scope = NewDisposeScope();
        using CodesVqVae network = Network(perPosition: 2);
        network.eval();
        Tensor codes = zeros(1, Side * Side * 2, dtype: ScalarType.Int64), swapped = codes.clone();
        codes.narrow(1, 0, 1).fill_(1);
        swapped.narrow(1, 1, 1).fill_(1);
        Assert.IsFalse(TensorAssert.Floats(network.EncodeToLatents(codes)).SequenceEqual(TensorAssert.Floats(network.EncodeToLatents(swapped))));
    }

    [TestMethod]
    public void Wrong_shapes_and_options_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using CodesVqVae network = Network();
        ArgumentException exception = Assert.ThrowsExactly<ArgumentException>(
            () => network.Encode(zeros(2, 7, dtype: ScalarType.Int64)));
        Assert.Contains("Int64 [batch, 25]", exception.Message);
        exception = Assert.ThrowsExactly<ArgumentException>(
            () => network.Bits(Grids(2, 1), zeros(2, 3, dtype: ScalarType.Int64)));
        Assert.Contains("[batch, 2]", exception.Message);
        var options = new CodesCodecOptions { EmbeddingChannels = 0, Decoder = { Conditions = 2, MapChannels = 0 } };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(options.Validate).Message;
        foreach (string name in (string[])["EmbeddingChannels", "Decoder.Conditions", "Decoder.MapChannels", "Height"])
            Assert.Contains(name, message);
    }
}
