using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Compression;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Compression;

/// <summary>Codes come back exactly for all priors, in as many bits as the prior says, on machines whose numbers differ a little.</summary>
[TestClass]
public sealed class CodeCompressorTests
{
    readonly MLContext _ml = new(seed: 1);

    /// <summary>Every prior over grids and over sequences, with and without conditions.</summary>
    public static IEnumerable<object[]> Kinds =>
        from kind in new[] { "PixelCnn", "WaveNet", "Transformer", "Bigram" }
        from grid in new[] { true, false }
        where grid || kind != "PixelCnn"
        from conditioned in new[] { true, false }
        select new object[] { kind, grid, conditioned };

    IDataView Data(bool grid, int count) => grid ? TinyCodes.Grids(_ml, count) : TinyCodes.Lines(_ml, count);

    /// <summary>A prior after a few steps of training, whose probabilities are neither flat nor certain.</summary>
    PriorTransformer Prior(string kind, bool grid, bool conditioned, int seed = 3)
    {
        PriorOptions options = TinyCodes.Options(steps: 15);
        options.Training.Seed = seed;
        options.Network = kind switch
        {
            "PixelCnn" => PriorNetwork.PixelCnn,
            "WaveNet" => PriorNetwork.WaveNet,
            _ => PriorNetwork.Custom,
        };
        options.CustomNetwork = kind switch
        {
            "Transformer" => new TransformerPriorOptions { Layers = 2, Channels = 16, Heads = 2 },
            "Bigram" => new BigramOptions(),
            _ => null,
        };
        return _ml.Transforms.VqVae.Prior("Bits", "Codes", conditioned ? "Label" : null, options).Fit(Data(grid, 60));
    }

    static byte[] Compressed(CodeCompressor compressor, IDataView data)
    {
        using var stream = new MemoryStream();
        CompressedCodesInfo info = compressor.Compress(data, stream);
        Assert.AreEqual(stream.Length, info.Bytes);
        return stream.ToArray();
    }

    IDataView Decompressed(CodeCompressor compressor, byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return compressor.Decompress(_ml, stream);
    }

    static string[] Columns(bool conditioned) => conditioned ? ["Codes", "Label"] : ["Codes"];

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Codes_and_conditions_come_back_exactly_with_any_batch_size_and_number_of_threads(string kind, bool grid, bool conditioned)
    {
        IDataView data = Data(grid, 41);
        using PriorTransformer prior = Prior(kind, grid, conditioned);
        List<object[]> expected = Values.Read(data, Columns(conditioned));
        int threads = get_num_threads();
        try
        {
            foreach ((int? rowsPerBlock, long maxLogits, int first, int second) in
                (ReadOnlySpan<(int?, long, int, int)>)[(null, 1 << 20, 1, 2), (7, 1, 2, 1), (1, 200, 1, 2)])
            {
                using var compressor = new CodeCompressor(prior, rowsPerBlock, maxLogits);
                using var other = new CodeCompressor(prior);
                set_num_threads(first);
                byte[] bytes = Compressed(compressor, data);
                set_num_threads(second);
                CollectionAssert.AreEqual(bytes, Compressed(compressor, data), "with another number of threads");
                Values.AreEqual(expected, Values.Read(Decompressed(other, bytes)));
            }
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [TestMethod]
    [DataRow(true, 1)]
    [DataRow(false, 1)]
    [DataRow(true, 2 * TinyCodes.Codes + 1)]
    [DataRow(false, 2 * TinyCodes.Codes + 1)]
    public void Logits_may_be_copied_in_parts(bool grid, int maxLogits)
    {
        IDataView data = Data(grid, 41);
        using PriorTransformer prior = Prior(grid ? "PixelCnn" : "WaveNet", grid, conditioned: true);
        using CodeCompressor whole = new(prior, 20), parts = new(prior, 20, maxLogits);
        Values.AreEqual(Values.Read(data, Columns(true)), Values.Read(Decompressed(parts, Compressed(whole, data))));
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Encoder_and_decoder_agree_far_better_than_they_need_to(string kind, bool grid, bool conditioned)
    {
        using PriorTransformer prior = Prior(kind, grid, conditioned);
        using var compressor = new CodeCompressor(prior);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        const int rows = 20;
        int length = compressor.Network.Length ?? 12;
        using Generator generator = SeededRandom.CreateGenerator(1, 2);
        Tensor codes = randint(TinyCodes.Codes, [rows, length], dtype: ScalarType.Int64, generator: generator);
        Tensor? conditions = conditioned ? arange(rows, dtype: ScalarType.Int64).remainder(3) : null;
        Tensor expected = compressor.Network.Logits(codes, conditions);
        Assert.AreEqual(ScalarType.Float64, expected.dtype);
        using CodeSteps steps = compressor.Network.Begin(rows, length, conditions);
        for (int i = 0; i < length; i++)
        {
            double difference = (steps.NextLogits() - expected.select(1, i)).abs().max().item<double>();
            Assert.IsLessThan(LogitQuantizer.Tolerance / 10_000, difference, $"code {i}");
            steps.Accept(codes.select(1, i));
        }
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void A_machine_that_rounds_otherwise_decompresses_the_same_codes(string kind, bool grid, bool conditioned)
    {
        IDataView data = Data(grid, 30);
        using PriorTransformer prior = Prior(kind, grid, conditioned);
        using CodeCompressor here = new(prior), there = new(prior);
        byte[] bytes = Compressed(here, data);
        Disturb(there.Network, 1e-12);
        Values.AreEqual(Values.Read(data, Columns(conditioned)), Values.Read(Decompressed(there, bytes)));

        Disturb(there.Network, 0.1);
        string message = Assert.ThrowsExactly<InvalidDataException>(() => Decompressed(there, bytes)).Message;
        Assert.Contains("Block 0 (rows 0 to 29) is whole, but decompresses to other codes than were compressed", message);
    }

    /// <summary>Changes all weights by a part of themselves, as if each sum were rounded otherwise.</summary>
    static void Disturb(CodePrior network, double part)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        long stream = 0;
        foreach (TorchSharp.Modules.Parameter parameter in network.parameters())
        {
            using Generator generator = SeededRandom.CreateGenerator(8, stream++);
            parameter.mul_(1 + part * (rand(parameter.shape, dtype: ScalarType.Float64, generator: generator) * 2 - 1));
        }
    }

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void The_file_has_the_bits_of_the_prior(string kind, bool grid, bool conditioned)
    {
        const int count = 1200, rowsPerBlock = 600, overheadOfBlock = 20;
        IDataView data = Data(grid, count);
        using PriorTransformer prior = Prior(kind, grid, conditioned);
        using var compressor = new CodeCompressor(prior, rowsPerBlock);
        byte[] bytes = Compressed(compressor, data);
        double bits = Values.Read(prior.Transform(data), "Bits").Sum(row => (double)(float)row[0]);
        // The classes are equally frequent, in these data and in those of training.
        bits += conditioned ? count * Math.Log2(3) : 0;
        int ofLengths = grid ? 0 : count, header = grid ? 68 : 56, end = 28;
        double expected = bits / 8 + ofLengths + header + count / rowsPerBlock * overheadOfBlock + end;
        Assert.IsLessThan(0.002 * bits / 8 + 2, Math.Abs(bytes.Length - expected), $"{bytes.Length} bytes, {expected:F1} expected");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void The_view_is_that_of_the_training_data(bool grid)
    {
        IDataView data = Data(grid, 9);
        using PriorTransformer prior = Prior(grid ? "PixelCnn" : "WaveNet", grid, conditioned: true);
        using var compressor = new CodeCompressor(prior);
        IDataView back = Decompressed(compressor, Compressed(compressor, data));
        CollectionAssert.AreEqual((string[])["Codes", "Label"], back.Schema.Select(column => column.Name).ToArray());
        foreach (string name in Columns(true))
            Assert.AreEqual(data.Schema[name].Type, back.Schema[name].Type);
        // Conditions have their names, and the prior takes the view.
        IDataView named = _ml.Transforms.Conversion.MapKeyToValue("Name", "Label").Fit(back).Transform(back);
        Values.AreEqual(Values.Read(data, "Class"), Values.Read(named, "Name"));
        Values.AreEqual(Values.Read(prior.Transform(data), "Bits"), Values.Read(prior.Transform(back), "Bits"), 1e-4);
    }

    [TestMethod]
    public void A_codec_decodes_what_comes_back_to_the_same_images()
    {
        using ImageVqVaeTransformer codec = Tiny.Untrained();
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Pixels");
        IDataView encoded = codec.Transform(Tiny.Data(_ml, 12));
        using PriorTransformer prior = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, TinyCodes.Options(1)).Fit(encoded);
        using var compressor = new CodeCompressor(prior);
        IDataView codes = _ml.Transforms.SelectColumns("Codes").Fit(encoded).Transform(encoded);
        Values.AreEqual(Values.Read(decoder.Transform(codes), "Pixels"),
            Values.Read(decoder.Transform(Decompressed(compressor, Compressed(compressor, encoded))), "Pixels"));
    }

    [TestMethod]
    public void Keys_that_are_numbered_otherwise_keep_their_names()
    {
        using PriorTransformer prior = Prior("PixelCnn", grid: true, conditioned: true);
        using var compressor = new CodeCompressor(prior);
        // The classes come in another order, so that their keys are others.
        IDataView data = TinyCodes.WithLabel(_ml, _ml.Data.LoadFromEnumerable(Enumerable.Reverse(TinyCodes.Grids(9))));
        IDataView back = Decompressed(compressor, Compressed(compressor, data));
        IDataView named = _ml.Transforms.Conversion.MapKeyToValue("Name", "Label").Fit(back).Transform(back);
        Values.AreEqual(Values.Read(data, "Codes", "Class"), Values.Read(named, "Codes", "Name"));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void No_rows_and_one_row_are_files_too(bool grid)
    {
        using PriorTransformer prior = Prior(grid ? "PixelCnn" : "WaveNet", grid, conditioned: true);
        using var compressor = new CodeCompressor(prior);
        IDataView one = _ml.Data.TakeRows(Data(grid, 3), 1), none = _ml.Data.SkipRows(Data(grid, 3), 3);
        Values.AreEqual(Values.Read(one, "Codes", "Label"), Values.Read(Decompressed(compressor, Compressed(compressor, one))));

        byte[] empty = Compressed(compressor, none);
        IDataView back = Decompressed(compressor, empty);
        Assert.IsEmpty(Values.Read(back));
        Assert.AreEqual(one.Schema["Codes"].Type, back.Schema["Codes"].Type);
        CompressedCodesInfo info = CodeCompressor.ReadInfo(new MemoryStream(empty));
        Assert.AreEqual((0L, 0, (long)empty.Length), (info.Rows, info.Blocks, info.Bytes));
    }
}
