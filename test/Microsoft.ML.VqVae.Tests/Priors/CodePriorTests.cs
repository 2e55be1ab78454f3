using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>What every prior does alike: scores, losses, sampling by seed and completion.</summary>
[TestClass]
public sealed class CodePriorTests
{
    static PixelCnn Network(Action<PixelCnnOptions>? change = null)
    {
        var network = new PixelCnn(PixelCnnTests.Options(change), 1);
        // A fresh network finds all codes about as likely.
        using IDisposable withoutGradients = no_grad();
        foreach (Parameter parameter in network.parameters())
            parameter.mul_(2);
        return network;
    }

    static long[] Sampled(PixelCnn network, SampleRequest request)
    {
        using Tensor codes = network.Sample(request);
        return TensorAssert.Longs(codes);
    }

    [TestMethod]
    public void Bits_are_minus_log2_of_the_softmax_and_the_loss_is_their_mean_in_nats()
    {
        using DisposeScope scope = NewDisposeScope();
        using PixelCnn network = Network();
        Tensor codes = PixelCnnTests.RandomCodes(network, 2);
        Tensor chosen = network.Logits(codes).softmax(2).gather(2, codes.unsqueeze(2)).squeeze(2);
        float[] expected = TensorAssert.Floats(chosen).Select(p => (float)-Math.Log2(p)).ToArray();
        TensorAssert.Close(expected, network.Bits(codes), 1e-5, "bits");
        TensorAssert.Close([expected.Average() * MathF.Log(2)], network.Loss(codes), 1e-5, "loss");

        Tensor lengths = tensor(new long[] { 5, 0 });
        float[] real = expected.Select((bits, place) => place < 5 ? bits : 0).ToArray();
        TensorAssert.Close(real, network.Bits(codes, lengths: lengths), 1e-5, "bits of real codes");
        TensorAssert.Close([real.Sum() / 5 * MathF.Log(2)], network.Loss(codes, lengths: lengths), 1e-5, "loss of real codes");
        Assert.AreEqual(0f, network.Loss(codes, lengths: zeros(2, dtype: ScalarType.Int64)).item<float>(), "no code at all");
    }

    [TestMethod]
    public void The_seed_and_the_number_of_a_sample_decide_it_however_it_is_batched()
    {
        using PixelCnn network = Network(o => o.CodesPerPosition = 2);
        long[] whole = Sampled(network, new() { Count = 256, Seed = 7, BatchSize = 256 });
        Assert.HasCount(256 * 24, whole);
        CollectionAssert.AreEqual(whole, Sampled(network, new() { Count = 256, Seed = 7, BatchSize = 37 }));
        CollectionAssert.AreEqual(whole[..(5 * 24)], Sampled(network, new() { Count = 5, Seed = 7, BatchSize = 1 }));
        CollectionAssert.AreEqual(whole[(3 * 24)..(8 * 24)], Sampled(network, new() { Count = 5, Seed = 7, FirstSample = 3 }));
        CollectionAssert.AreNotEqual(whole[..24], whole[24..48]);
        CollectionAssert.AreNotEqual(whole[..24], Sampled(network, new() { Count = 1, Seed = 8 }));
    }

    [TestMethod]
    public void Cached_sampling_gives_the_codes_of_one_pass_a_code()
    {
        using DisposeScope scope = NewDisposeScope();
        using PixelCnn network = Network(o => (o.CodesPerPosition, o.Conditions) = (2, 3));
        var request = new SampleRequest
        {
            Count = 6, Seed = 3, Temperature = 0.8, TopK = 4, Conditions = tensor(new long[] { 0, 1, 2, 0, 1, 2 }), BatchSize = 4,
        };
        CollectionAssert.AreEqual(Sampled(network, request with { Cached = false }), Sampled(network, request));
    }

    [TestMethod]
    public void Samples_are_as_frequent_as_the_logits_say()
    {
        using DisposeScope scope = NewDisposeScope();
        using PixelCnn network = Network(o => (o.Height, o.Width) = (1, 1));
        const int Count = 5120;
        double[] Frequencies(double temperature, int? topK)
        {
            long[] sampled = Sampled(network, new() { Count = Count, Seed = 1, BatchSize = 256, Temperature = temperature, TopK = topK });
            return [.. Enumerable.Range(0, 7).Select(code => sampled.Count(other => other == code) / (double)Count)];
        }

        double[] Expected(double temperature, int topK)
        {
            float[] logits = TensorAssert.Floats(network.Logits(zeros(1, 1, dtype: ScalarType.Int64)));
            float least = logits.OrderDescending().ElementAt(topK - 1);
            double[] weights = logits.Select(logit => logit < least ? 0 : Math.Exp(logit / temperature)).ToArray();
            return [.. weights.Select(weight => weight / weights.Sum())];
        }

        void Compare(double temperature, int? topK)
        {
            (double[]? expected, double[]? found) = (Expected(temperature, topK ?? 7), Frequencies(temperature, topK));
            for (int code = 0; code < 7; code++)
            {
                // Five standard deviations of a count; none at all where a code is left out.
                Assert.AreEqual(expected[code], found[code], 5 * Math.Sqrt(expected[code] * (1 - expected[code]) / Count),
                    $"code {code} at temperature {temperature}, top {topK}");
            }
        }

        Compare(1, null);
        Compare(2, 3);
        Compare(1, 1);
        CollectionAssert.AreEqual(Frequencies(1, null), Frequencies(1, 100), "more than there are codes");
    }

    [TestMethod]
    public void Fixed_codes_stay_and_the_others_depend_on_the_earlier_ones_only()
    {
        using DisposeScope scope = NewDisposeScope();
        using PixelCnn network = Network();
        Tensor free = network.Sample(new() { Count = 3, Seed = 5 });
        CollectionAssert.AreEqual(
            TensorAssert.Longs(free), Sampled(network, new() { Count = 3, Seed = 5, Given = free }), "all are fixed");

        // The first row of codes is fixed in two samples, one later code in the third.
        Tensor given = full([3, 12], -1, dtype: ScalarType.Int64);
        given.narrow(0, 0, 2).narrow(1, 0, 4).copy_(tensor(new long[] { 6, 0, 6, 0, 1, 1, 1, 1 }).view(2, 4));
        given[2, 9] = tensor(3L);
        Tensor completed = network.Sample(new() { Count = 3, Seed = 5, Given = given });
        (long[]? expected, long[]? found) = (TensorAssert.Longs(free), TensorAssert.Longs(completed));
        CollectionAssert.AreEqual(new long[] { 6, 0, 6, 0 }, found[..4]);
        CollectionAssert.AreEqual(new long[] { 1, 1, 1, 1 }, found[12..16]);
        Assert.AreEqual(3, found[24 + 9]);
        CollectionAssert.AreEqual(expected[24..(24 + 9)], found[24..(24 + 9)], "codes before the fixed one");
        CollectionAssert.AreEqual(found, Sampled(network, new() { Count = 3, Seed = 5, Given = given, Cached = false }), "uncached");
        CollectionAssert.AreEqual(found, Sampled(network, new() { Count = 3, Seed = 5, Given = given, BatchSize = 1 }), "one at a time");
        CollectionAssert.AreNotEqual(expected[4..12], found[4..12], "codes after the fixed ones");
    }

    [TestMethod]
    public void Requests_that_cannot_be_met_are_told_before_work_starts()
    {
        using DisposeScope scope = NewDisposeScope();
        using PixelCnn network = Network();
        using PixelCnn conditional = Network(o => (o.Conditions, o.MapChannels) = (3, 1));
        void Told(string expected, SampleRequest request, PixelCnn? of = null) => StringAssert.Contains(
            Assert.Throws<ArgumentException>(() => (of ?? network).Sample(request)).Message, expected);
        Told("Count must be 0 or more, but is -1", new() { Count = -1 });
        Told("Temperature must be a finite number above 0, but is 0", new() { Count = 1, Temperature = 0 });
        Told("TopK must be 1 or more, or null for all codes, but is 0", new() { Count = 1, TopK = 0 });
        Told("BatchSize must be from 1 to 256, but is 257", new() { Count = 1, BatchSize = 257 });
        Told("FirstSample must be 0 or more, but is -1", new() { Count = 1, FirstSample = -1 });
        Told("has 12 codes a row, but 10 are asked for", new() { Count = 1, Length = 10 });
        Told("Fixed codes must be Int64 [2, 12]", new() { Count = 2, Given = zeros(1, 12, dtype: ScalarType.Int64) });
        Told("Fixed codes must be Int64 [1, 12]", new() { Count = 1, Given = zeros(1, 12) });
        Told("Fixed codes must be within -1 … 6, but reach from 7 to 7",
            new() { Count = 1, Given = full([1, 12], 7, dtype: ScalarType.Int64) });
        Told("Fixed codes must be within -1 … 6", new() { Count = 1, Given = full([1, 12], -2, dtype: ScalarType.Int64) });
        Told("is conditioned on no class", new() { Count = 1, Conditions = zeros(1, dtype: ScalarType.Int64) });
        Told("is conditioned on 3 classes", new() { Count = 1 }, conditional);
        Told("Conditions must be within 0 … 2",
            new() { Count = 1, Conditions = full([1], 3, dtype: ScalarType.Int64) }, conditional);
        Told("Maps must be Float32 [1, 1, 3, 4]",
            new() { Count = 1, Conditions = zeros(1, dtype: ScalarType.Int64), Map = zeros(1, 1, 4, 3) }, conditional);
    }

    [TestMethod]
    public void Sampling_reports_can_be_cancelled_leaves_no_tensor_and_the_mode_as_it_was()
    {
        using PixelCnn network = Network(o => o.Dropout = 0.3);
        Tensor random = get_rng_state();
        var reports = new List<double>();
        using (network.Sample(new() { Count = 3, BatchSize = 2, Progress = new Immediate(reports.Add) }))
        {
            Assert.HasCount(24, reports);
            Assert.AreEqual(1, reports[^1], 1e-9);
            CollectionAssert.AreEqual(reports.Order().ToArray(), reports);
        }
        Assert.IsTrue(network.training);
        using var source = new CancellationTokenSource();
        long before = LiveTensors.Count();
        Assert.ThrowsExactly<OperationCanceledException>(() => network.Sample(
            new() { Count = 1, Cancellation = source.Token, Progress = new Immediate(done => source.Cancel()) }));
        Assert.AreEqual(before, Tensor.TotalCount);
        Assert.IsTrue(network.training);
        network.Sample(new() { Count = 0 }).Dispose();
        Assert.AreEqual(before, Tensor.TotalCount);
        using Tensor after = get_rng_state();
        TensorAssert.Same(random, after, "state of torch's generator");
        random.Dispose();
    }

    sealed class Immediate(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(value);
    }
}
