using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

[TestClass]
public sealed class WaveNetPriorTests
{
    static WaveNetPriorOptions Options(int conditions = 2, int kernel = 2) => new()
    {
        Codes = 9, Conditions = conditions, Blocks = 2, LayersPerBlock = 5, KernelSize = kernel, Channels = 7, SkipChannels = 10,
    };

    static Tensor Codes(int batch, int length, int seed = 4)
    {
        using var generator = new Generator((ulong)seed);
        return randint(9, [batch, length], generator: generator);
    }

    static Tensor? Conditions(int conditions, int batch) =>
        conditions == 0 ? null : tensor(Enumerable.Range(0, batch).Select(row => (long)row % conditions).ToArray());

    [TestMethod]
    [DataRow(1, 0, 2)]
    [DataRow(3, 2, 2)]
    [DataRow(6, 2, 3)]
    // More than the span engine takes at a time.
    [DataRow(40, 2, 2)]
    public void Code_by_code_gives_the_logits_of_all_at_once(int batch, int conditions, int kernel)
    {
        using DisposeScope scope = NewDisposeScope();
        using var prior = new WaveNetPrior(Options(conditions, kernel), seed: 3);
        Tensor codes = Codes(batch, 60);
        Tensor? given = Conditions(conditions, batch);
        using IDisposable withoutGradients = no_grad();
        Tensor expected = prior.Logits(codes, given);
        using CodeSteps steps = prior.Begin(batch, 60, given);
        for (int i = 0; i < 60; i++)
        {
            if (i % 4 != 3)
                TensorAssert.Close(expected.select(1, i), steps.NextLogits(), 1e-4, $"code {i}");
            steps.Accept(codes.select(1, i));
        }
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(2)]
    public void Cached_samples_are_those_of_full_passes(int conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        using var prior = new WaveNetPrior(Options(conditions), seed: 3);
        var request = new SampleRequest { Count = 5, Length = 40, Conditions = Conditions(conditions, 5), Seed = 6, Temperature = 0.8 };
        Tensor cached = prior.Sample(request);
        Tensor naive = prior.Sample(request with { Cached = false });
        CollectionAssert.AreEqual(TensorAssert.Longs(naive), TensorAssert.Longs(cached));
        Tensor singly = prior.Sample(request with { BatchSize = 1 });
        CollectionAssert.AreEqual(TensorAssert.Longs(cached), TensorAssert.Longs(singly));
    }

    [TestMethod]
    public void What_lies_beyond_the_end_of_a_row_changes_neither_bits_nor_gradients()
    {
        using DisposeScope scope = NewDisposeScope();
        using var prior = new WaveNetPrior(Options(), seed: 3);
        (Tensor? codes, Tensor? other) = (Codes(2, 30), Codes(2, 30, seed: 5));
        // Both rows begin alike; one has 12 codes, the other none.
        other.narrow(1, 0, 12).copy_(codes.narrow(1, 0, 12));
        Tensor lengths = tensor(new long[] { 12, 0 });
        (Tensor Bits, Tensor Gradient) Run(Tensor given)
        {
            prior.zero_grad();
            prior.Loss(given, Conditions(2, 2), lengths).backward();
            return (prior.Bits(given, Conditions(2, 2), lengths), prior.parameters().First().grad!.clone());
        }

        ((Tensor Bits, Tensor Gradient) first, (Tensor Bits, Tensor Gradient) second) = (Run(codes), Run(other));
        TensorAssert.Same(first.Bits, second.Bits, "bits");
        TensorAssert.Same(first.Gradient, second.Gradient, "gradient");
        TensorAssert.Close(
            prior.Bits(codes.narrow(0, 0, 1).narrow(1, 0, 12), Conditions(2, 1)), first.Bits.narrow(0, 0, 1).narrow(1, 0, 12), 1e-5,
            "alone");
        Assert.AreEqual(0, TensorAssert.Floats(first.Bits).Skip(12).Max());
    }

    [TestMethod]
    public void It_learns_what_repeats_and_who_says_it()
    {
        using DisposeScope scope = NewDisposeScope();
        var options = new WaveNetPriorOptions
        {
            Codes = 9, Conditions = 2, Blocks = 1, LayersPerBlock = 4, Channels = 16, SkipChannels = 16,
        };
        using var prior = new WaveNetPrior(options, seed: 3);
        // Speaker 0 repeats four codes, speaker 1 others.
        Tensor period = tensor(new long[] { 1, 4, 2, 7, 8, 0, 3, 5 }).view(2, 4);
        Tensor codes = period.repeat(1, 12);
        Tensor speakers = tensor(new long[] { 0, 1 });
        using Adam optimizer = optim.Adam(prior.parameters(), lr: 0.01);
        for (int step = 0; step < 60; step++)
        {
            using DisposeScope stepScope = NewDisposeScope();
            optimizer.zero_grad();
            prior.Loss(codes, speakers, step: step).backward();
            optimizer.step();
        }
        using IDisposable withoutGradients = no_grad();
        Assert.IsLessThan(0.1, prior.Bits(codes, speakers).mean().item<float>());
        Tensor sampled = prior.Sample(new SampleRequest { Count = 2, Length = 48, Conditions = speakers, TopK = 1 });
        CollectionAssert.AreEqual(TensorAssert.Longs(codes), TensorAssert.Longs(sampled));
    }

    [TestMethod]
    public void Steps_and_samples_leave_no_tensor_behind()
    {
        using var prior = new WaveNetPrior(Options(conditions: 0), seed: 3);
        void Use()
        {
            using DisposeScope scope = NewDisposeScope();
            foreach (int batch in new[] { 1, 40 })
            {
                using CodeSteps steps = prior.Begin(batch, 10);
                steps.NextLogits();
                steps.Accept(zeros(batch, dtype: ScalarType.Int64));
                steps.NextLogits();
            }
            prior.Sample(new SampleRequest { Count = 3, Length = 10 });
        }

        Use();
        long before = LiveTensors.Count();
        Use();
        Assert.AreEqual(before, Tensor.TotalCount);
        using (CodeSteps steps = prior.Begin(2, 10))
            steps.NextLogits().Dispose();
        Assert.AreEqual(before, Tensor.TotalCount);
    }

    [TestMethod]
    public void Options_that_cannot_work_are_told_together()
    {
        var options = new WaveNetPriorOptions
        {
            Codes = 1, Conditions = -1, Blocks = 0, LayersPerBlock = 17, KernelSize = 4, Channels = 0, SkipChannels = 0,
        };
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new WaveNetPrior(options, seed: 1));
        foreach (string? name in new[] { "Codes", "Conditions", "Blocks", "LayersPerBlock", "KernelSize", "Channels", "SkipChannels" })
            Assert.Contains($"{name} must be", error.Message);
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_weights_and_the_presets_work()
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (WaveNetPriorOptions? options in new[] { WaveNetPriorOptions.Large(), WaveNetPriorOptions.Fast() })
        {
            options.Codes = 5;
            using var first = new WaveNetPrior(options, seed: 8);
            using var second = new WaveNetPrior(options, seed: 8);
            Tensor codes = zeros(1, 7, dtype: ScalarType.Int64);
            TensorAssert.Same(first.Logits(codes), second.Logits(codes), "logits");
            Assert.AreEqual(1 + options.Blocks * ((1 << options.LayersPerBlock) - 1), first.ReceptiveField);
        }
    }
}
