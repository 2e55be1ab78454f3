using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Quantization;

/// <summary>How a codebook starts, moves, revives dead codes and is saved: the known mistakes of other implementations, each as a
/// test.</summary>
[TestClass]
public sealed class CodebookLearningTests
{
    static VectorQuantizerOptions Moving(Action<VectorQuantizerOptions>? change = null)
    {
        var options = new VectorQuantizerOptions
        {
            Codes = 16, Dimensions = 3, Learning = CodebookLearning.MovingAverage, InitializeFromData = false, RestartEverySteps = 0,
        };
        change?.Invoke(options);
        return options;
    }

    /// <summary>Vectors around a few far-apart places, [1, 3, n].</summary>
    static Tensor Clusters(int seed, int places, int each, double spread = 0.01)
    {
        using var generator = new Generator((ulong)seed);
        using var fixedPlaces = new Generator(99);
        Tensor centres = randn(places, 3, generator: fixedPlaces) * 10;
        Tensor points = centres.repeat_interleave(each, 0) + randn((long)places * each, 3, generator: generator) * spread;
        return points.t().unsqueeze(0).contiguous();
    }

    [TestMethod]
    public void Codes_that_no_latent_uses_stay_where_they_are()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(Moving(), 5);
        Tensor before = quantizer.state_dict()["codebook"].clone();
        Tensor encodings = Clusters(1, places: 1, each: 50);
        Tensor used = quantizer.Encode(encodings);
        for (int step = 0; step < 200; step++)
            quantizer.call(encodings);
        Tensor after = quantizer.state_dict()["codebook"];
        var usedCodes = TensorAssert.Longs(used).Distinct().ToHashSet();
        for (int code = 0; code < 16; code++)
        {
            float moved = (after[0, code] - before[0, code]).abs().max().item<float>();
            if (usedCodes.Contains(code))
                Assert.IsGreaterThan(1f, moved, $"code {code} follows its latents");
            else
                Assert.IsLessThan(1e-4f, moved, $"code {code} is not used and must not fly off");
        }
    }

    [TestMethod]
    [DataRow(CodebookLearning.Gradient)]
    [DataRow(CodebookLearning.MovingAverage)]
    public void A_restart_moves_dead_codes_to_latents_and_the_next_updates_leave_them_there(CodebookLearning learning)
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(Moving(o =>
        {
            o.Learning = learning;
            o.Decay = 0.5;
            o.RestartEverySteps = 10;
        }), 5);
        Tensor encodings = Clusters(1, places: 12, each: 20);
        Dictionary<string, Tensor> state = quantizer.state_dict();
        for (int step = 0; step < 9; step++)
            quantizer.call(encodings);
        float[] counts = TensorAssert.Floats(state["counts"]);
        int[] dead = Enumerable.Range(0, 16).Where(code => counts[code] < 0.05 * counts.Average()).ToArray();
        Assert.IsGreaterThan(5, dead.Length, "codes near zero cannot all be nearest to far-apart places");

        quantizer.call(encodings);
        // Each dead code now equals one of the batch's encodings, with a count and a sum that belong to it.
        Tensor latents = encodings[0].t();
        foreach (int code in dead)
        {
            Tensor restarted = state["codebook"].detach()[0, code];
            Assert.AreEqual(0f, (latents - restarted).abs().sum(1).min().item<float>(), $"code {code} is an encoding");
            Assert.AreEqual(counts.Average(), state["counts"][0, code].item<float>(), 0.1f * counts.Average());
            TensorAssert.Close(restarted * state["counts"][0, code], state["sums"][0, code], 1e-4, $"sum of code {code}");
        }
        // A batch that uses one of them and none of the others: all stay.
        Tensor restartedCodes = state["codebook"].detach().clone();
        quantizer.call(restartedCodes[0, dead[0]].view(1, 3, 1));
        foreach (int code in dead)
            TensorAssert.Close(restartedCodes[0, code], state["codebook"][0, code], 1e-4, $"code {code} after the next update");
    }

    [TestMethod]
    public void Restarts_bring_every_code_into_use_and_can_be_switched_off()
    {
        using DisposeScope scope = NewDisposeScope();
        int CodesUsed(bool enabled)
        {
            using var quantizer = new VectorQuantizer(Moving(o =>
            {
                o.Decay = 0.8;
                o.RestartEverySteps = 10;
            }), 5) { RestartsEnabled = enabled };
            for (int step = 0; step < 200; step++)
                quantizer.call(Clusters(step, places: 16, each: 10, spread: 1));
            return TensorAssert.Longs(quantizer.Encode(Clusters(1000, places: 16, each: 10, spread: 1))).Distinct().Count();
        }

        Assert.AreEqual(16, CodesUsed(enabled: true));
        Assert.IsLessThan(12, CodesUsed(enabled: false));
    }

    [TestMethod]
    public void Near_the_end_of_a_run_there_are_no_restarts()
    {
        using var quantizer = new VectorQuantizer(Moving(o => o.RestartUntilFraction = 0.6), 5);
        foreach ((double fraction, bool expected) in new[] { (0.0, true), (0.59, true), (0.6, false), (1.0, false) })
        {
            quantizer.BeginStep(0, fraction);
            Assert.AreEqual(expected, quantizer.RestartsEnabled, $"at {fraction}");
        }
    }

    [TestMethod]
    public void Steps_pass_unquantized_until_k_means_sets_the_codebook_from_data()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(Moving(o =>
        {
            o.InitializeFromData = true;
            o.UnquantizedSteps = 2;
        }), 5);
        for (int step = 0; step < 2; step++)
        {
            Tensor encodings = Clusters(step, places: 16, each: 30).requires_grad_();
            QuantizationResult result = quantizer.call(encodings);
            TensorAssert.Same(encodings, result.Quantized, "encodings");
            Assert.AreEqual(0f, result.Loss.item<float>());
            Assert.AreEqual(0f, result.Counts.sum().item<float>());
            Assert.AreEqual(0, result.Indices.numel());
            Assert.IsFalse(quantizer.IsInitialized);
            result.Quantized.sum().backward();
            Assert.AreEqual(1f, encodings.grad!.mean().item<float>());
        }
        QuantizationResult first = quantizer.call(Clusters(2, places: 16, each: 30));
        Assert.IsTrue(quantizer.IsInitialized);
        Assert.AreEqual(3, quantizer.Steps);
        Assert.IsLessThan(0.01f, first.CommitmentLoss.item<float>(), "a code sits in each of the 16 places");
        Assert.AreEqual(30f, first.Counts.min().item<float>(), "all codes are used from the start");
        Dictionary<string, Tensor> state = quantizer.state_dict();
        TensorAssert.Close(state["codebook"], state["sums"] / state["counts"].unsqueeze(2), 1e-4, "codebook = sums / counts");
    }

    [TestMethod]
    [DataRow(CodebookLearning.Gradient, false)]
    [DataRow(CodebookLearning.MovingAverage, false)]
    [DataRow(CodebookLearning.MovingAverage, true)]
    public void Quantization_that_has_begun_goes_on_in_a_run_that_begins_it_later(CodebookLearning learning, bool fromData)
    {
        using DisposeScope scope = NewDisposeScope();
        VectorQuantizer Make(int unquantized) => new(
            Moving(o => (o.Learning, o.InitializeFromData, o.UnquantizedSteps) = (learning, fromData, unquantized)), 5);
        using VectorQuantizer shorter = Make(1), longer = Make(10);
        foreach (int steps in (int[])[1, 2])
        {
            shorter.call(Clusters(steps, places: 16, each: 5));
            longer.load_state_dict(TensorAssert.Snapshot(shorter));
            Assert.AreEqual(steps == 2 ? 80 : 0, longer.call(Clusters(9, places: 16, each: 5)).Indices.numel(), $"codes after {steps} steps");
        }
    }

    [TestMethod]
    public void K_means_copes_with_fewer_vectors_than_codes()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(Moving(o => o.InitializeFromData = true), 5);
        QuantizationResult result = quantizer.call(Clusters(2, places: 4, each: 1));
        Assert.IsLessThan(0.1f, result.CommitmentLoss.item<float>());
        Assert.IsTrue(quantizer.state_dict()["codebook"].isfinite().all().item<bool>());
    }

    [TestMethod]
    public void What_is_loaded_continues_exactly_like_what_was_saved()
    {
        using DisposeScope scope = NewDisposeScope();
        VectorQuantizer Make(int seed) => new(Moving(o =>
        {
            o.InitializeFromData = true;
            o.UnquantizedSteps = 2;
            o.RestartEverySteps = 3;
        }), seed);
        foreach (int savedAfter in new[] { 1, 2, 3, 5 })
        {
            using VectorQuantizer straight = Make(5);
            using VectorQuantizer resumed = Make(5);
            Assert.AreEqual(0, resumed.Steps);
            for (int step = 0; step < savedAfter; step++)
                straight.call(Clusters(step, places: 10, each: 5, spread: 1));
            resumed.load_state_dict(TensorAssert.Snapshot(straight));
            Assert.AreEqual(savedAfter, resumed.Steps);
            Assert.AreEqual(savedAfter > 2, resumed.IsInitialized, "whether the codebook was set from data is part of the state");
            for (int step = savedAfter; step < 12; step++)
            {
                straight.call(Clusters(step, places: 10, each: 5, spread: 1));
                resumed.call(Clusters(step, places: 10, each: 5, spread: 1));
            }
            Dictionary<string, Tensor> expected = straight.state_dict();
            foreach ((string? name, Tensor? value) in resumed.state_dict())
                TensorAssert.Same(expected[name], value, $"{name}, saved after {savedAfter} steps");
        }
    }

    [TestMethod]
    public void The_seed_decides_the_first_codebook()
    {
        using DisposeScope scope = NewDisposeScope();
        using var one = new VectorQuantizer(Moving(), 5);
        using var same = new VectorQuantizer(Moving(), 5);
        using var other = new VectorQuantizer(Moving(), 6);
        TensorAssert.Same(one.state_dict()["codebook"], same.state_dict()["codebook"], "codebook");
        CollectionAssert.AreNotEqual(
            TensorAssert.Floats(one.state_dict()["codebook"]), TensorAssert.Floats(other.state_dict()["codebook"]));
    }
}
