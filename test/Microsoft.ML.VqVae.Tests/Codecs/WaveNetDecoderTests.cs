using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

[TestClass]
public sealed class WaveNetDecoderTests
{
    static WaveNetDecoderOptions Options() => new()
    {
        SamplesPerLatent = 8, LatentChannels = 3, Speakers = 4, Blocks = 2, LayersPerBlock = 5, Channels = 12, SkipChannels = 10,
        ConditioningChannels = 6, FramesPerLatent = 2,
    };

    static (Tensor Quantized, Tensor Speakers) Conditions(int batch, int latents)
    {
        using var generator = new Generator(2);
        return (randn([batch, 3, latents], generator: generator), randint(4, [batch], generator: generator));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(5)]
    public void Generated_samples_follow_the_teacher_forced_distribution(int batch)
    {
        using DisposeScope scope = NewDisposeScope();
        using var decoder = new WaveNetDecoder(Options(), seed: 1);
        (Tensor? quantized, Tensor? speakers) = Conditions(batch, 12);
        using IDisposable withoutGradients = no_grad();
        Tensor samples = decoder.Generate(quantized, speakers, temperature: 0.7, seed: 9);
        CollectionAssert.AreEqual(new long[] { batch, 96 }, samples.shape);
        // Drawn once more, from the logits of all samples at once and the same random numbers.
        float[] logits = TensorAssert.Floats(decoder.Logits(samples, quantized, speakers));
        var choice = new SymbolChoice(WaveNetDecoder.Levels, 0.7);
        float[] uniforms = new float[96];
        long[] generated = TensorAssert.Longs(samples);
        for (int row = 0; row < batch; row++)
        {
            SeededRandom.Uniforms(9, row, uniforms);
            for (int i = 0; i < 96; i++)
            {
                int at = row * 96 + i;
                Assert.AreEqual(
                    choice.Choose(logits.AsSpan(at * WaveNetDecoder.Levels, WaveNetDecoder.Levels), uniforms[i]), generated[at],
                    $"row {row}, sample {i}");
            }
        }
        Tensor likeliest = decoder.Generate(quantized, speakers, temperature: 0);
        CollectionAssert.AreEqual(
            TensorAssert.Longs(decoder.Logits(likeliest, quantized, speakers).argmax(2)), TensorAssert.Longs(likeliest));
    }

    [TestMethod]
    public void A_row_is_the_same_whatever_else_is_generated()
    {
        using DisposeScope scope = NewDisposeScope();
        using var decoder = new WaveNetDecoder(Options(), seed: 1);
        (Tensor? quantized, Tensor? speakers) = Conditions(3, 9);
        Tensor together = decoder.Generate(quantized, speakers, seed: 4);
        Tensor alone = decoder.Generate(quantized.narrow(0, 0, 1), speakers.narrow(0, 0, 1), seed: 4);
        TensorAssert.Same(alone, together.narrow(0, 0, 1), "first row");
        Tensor other = decoder.Generate(quantized, speakers, seed: 5);
        Assert.IsFalse(TensorAssert.Longs(together).SequenceEqual(TensorAssert.Longs(other)));
    }

    [TestMethod]
    public void A_latent_reaches_the_samples_of_its_neighbourhood_and_those_after()
    {
        using DisposeScope scope = NewDisposeScope();
        using var decoder = new WaveNetDecoder(Options(), seed: 1);
        (Tensor? quantized, Tensor? speakers) = Conditions(1, 8);
        using var generator = new Generator(3);
        Tensor samples = randint(WaveNetDecoder.Levels, [1, 64], generator: generator);
        using IDisposable withoutGradients = no_grad();
        Tensor before = decoder.Logits(samples, quantized, speakers);
        Tensor changed = quantized.clone();
        changed[0, 1, 4] = 7f;
        float[] difference = TensorAssert.Floats((decoder.Logits(samples, changed, speakers) - before).abs().sum(2));
        // The convolution over latents sees one neighbour on each side.
        Assert.AreEqual(0, difference[..(3 * 8)].Max());
        for (int i = 3 * 8; i < 64; i++)
            Assert.IsGreaterThan(0, difference[i], $"sample {i}");
    }

    [TestMethod]
    public void Padding_does_not_count()
    {
        using DisposeScope scope = NewDisposeScope();
        using var decoder = new WaveNetDecoder(Options(), seed: 1);
        (Tensor? quantized, Tensor? speakers) = Conditions(2, 6);
        using var generator = new Generator(3);
        Tensor samples = randint(WaveNetDecoder.Levels, [2, 48], generator: generator);
        Tensor expected = nn.functional.cross_entropy(
            cat([decoder.Logits(samples, quantized, speakers)[0], decoder.Logits(samples, quantized, speakers)[1].narrow(0, 0, 20)]),
            cat([samples[0], samples[1].narrow(0, 0, 20)]));
        TensorAssert.Close(expected, decoder.Loss(samples, quantized, speakers, tensor(new long[] { 48, 20 })), 1e-5, "loss");
    }

    [TestMethod]
    public void It_fits_a_short_signal_fast()
    {
        using DisposeScope scope = NewDisposeScope();
        // A vowel-like sum of sines whose pitch the latents do not tell.
        const int Latents = 20, Hop = 64;
        long[] levels = Enumerable.Range(0, Latents * Hop).Select(i =>
        {
            double x = 0.5 * Math.Sin(i * 0.11) + 0.3 * Math.Sin(i * 0.29 + 1) * Math.Sin(i * 0.01);
            return (long)Math.Clamp(128 + Math.Sign(x) * Math.Log(1 + 255 * Math.Abs(x)) / Math.Log(256) * 128, 0, 255);
        }).ToArray();
        Tensor samples = tensor(levels).view(1, -1);
        IEnumerable<double> frequencies = levels.CountBy(level => level).Select(pair => pair.Value / (double)levels.Length);
        double unigram = -frequencies.Sum(p => p * Math.Log(p));
        var options = new WaveNetDecoderOptions
        {
            SamplesPerLatent = Hop, LatentChannels = 8, Blocks = 1, LayersPerBlock = 6, Channels = 32, SkipChannels = 64,
            ConditioningChannels = 16,
        };
        using var decoder = new WaveNetDecoder(options, seed: 1);
        using var generator = new Generator(3);
        Tensor quantized = randn([1, 8, Latents], generator: generator);
        using Adam optimizer = optim.Adam(decoder.parameters(), lr: 0.004);
        double loss = 0.0;
        for (int step = 0; step < 120; step++)
        {
            using DisposeScope stepScope = NewDisposeScope();
            optimizer.zero_grad();
            Tensor value = decoder.Loss(samples, quantized, null);
            value.backward();
            optimizer.step();
            loss = value.item<float>();
        }
        Assert.IsLessThan(0.4 * unigram, loss, $"unigram entropy {unigram:F2} nats");
    }

    [TestMethod]
    public void Generating_can_be_followed_and_cancelled_and_leaves_no_tensor_behind()
    {
        using var decoder = new WaveNetDecoder(Options(), seed: 1);
        using DisposeScope scope = NewDisposeScope();
        (Tensor? quantized, Tensor? speakers) = Conditions(3, 100);
        decoder.Generate(quantized, speakers).Dispose();
        long before = LiveTensors.Count();
        var told = new Told();
        decoder.Generate(quantized, speakers, progress: told).Dispose();
        Assert.AreEqual(before, Tensor.TotalCount);
        Assert.AreEqual(1, told.Shares.Max());
        Assert.IsGreaterThan(3, told.Shares.Count);
        using var cancellation = new CancellationTokenSource();
        told.Then = cancellation.Cancel;
        Assert.ThrowsExactly<OperationCanceledException>(
            () => decoder.Generate(quantized, speakers, progress: told, cancellation: cancellation.Token));
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void Arguments_of_another_shape_or_range_are_told()
    {
        using DisposeScope scope = NewDisposeScope();
        using var decoder = new WaveNetDecoder(Options(), seed: 1);
        (Tensor? quantized, Tensor? speakers) = Conditions(2, 4);
        Tensor samples = zeros(2, 32, dtype: ScalarType.Int64);
        void Fails(string part, Action action) => Assert.Contains(part, Assert.Throws<ArgumentException>(action).Message);

        Fails("Int64 [2, 32], 8 for each of 4 latents", () => decoder.Logits(samples.narrow(1, 0, 31), quantized, speakers));
        Fails("within 0 … 255", () => decoder.Logits(samples + 256, quantized, speakers));
        Fails("Float32 [batch, 3, latents]", () => decoder.Generate(quantized.narrow(1, 0, 2), speakers));
        Fails("Float32 [batch, 3, latents]", () => decoder.Generate(quantized.narrow(2, 0, 0), speakers));
        Fails("Speakers must be Int64 [2], but are null", () => decoder.Generate(quantized, null));
        Fails("Speakers must be within 0 … 3", () => decoder.Generate(quantized, tensor(new long[] { 0, 4 })));
        Fails("temperature", () => decoder.Generate(quantized, speakers, temperature: -1));
        WaveNetDecoderOptions options = Options();
        (options.FramesPerLatent, options.Blocks, options.Speakers) = (3, 0, 0);
        Fails("FramesPerLatent must be 0 or a divisor of SamplesPerLatent (8), but is 3", options.Validate);
        Fails("Blocks must be from 1 to 64, but is 0", options.Validate);
        (options.FramesPerLatent, options.Blocks) = (0, 1);
        using var speechless = new WaveNetDecoder(options, seed: 1);
        Fails("knows no speakers", () => speechless.Generate(quantized, speakers));
    }

    sealed class Told : IProgress<double>
    {
        public List<double> Shares { get; } = [];

        public Action? Then { get; set; }

        public void Report(double value)
        {
            lock (Shares)
                Shares.Add(value);
            Then?.Invoke();
        }
    }
}
