using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Quantization;

/// <summary>What holds for every residual vector quantizer: looking codes up undoes encoding, each stage brings the sum nearer, the first
/// is a vector quantizer, an interrupted run goes on to the same bits, errors are clear.</summary>
[TestClass]
public sealed class ResidualVectorQuantizerTests
{
    static Tensor Numbers(int seed, params long[] shape)
    {
        using var generator = new Generator((ulong)seed);
        return randn(shape, generator: generator);
    }

    static ResidualVectorQuantizerOptions Small(Action<ResidualVectorQuantizerOptions>? change = null)
    {
        var options = new ResidualVectorQuantizerOptions
        {
            Stage = new VectorQuantizerOptions
            {
                Codes = 11, Dimensions = 4, Learning = CodebookLearning.MovingAverage, InitializeFromData = true, Decay = 0.9,
                RestartEverySteps = 4,
            },
            CodesPerPosition = 3,
        };
        change?.Invoke(options);
        return options;
    }

    static ResidualVectorQuantizer Trained(int steps, Action<ResidualVectorQuantizerOptions>? change = null)
    {
        var quantizer = new ResidualVectorQuantizer(Small(change), 5);
        Train(quantizer, 0, steps);
        return quantizer;
    }

    static void Train(Quantizer quantizer, int from, int to)
    {
        quantizer.train();
        for (int step = from; step < to; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            quantizer.BeginStep(step, step / 40.0);
            quantizer.call(Numbers(100 + step, 16, 4, 10));
        }
        quantizer.eval();
    }

    [TestMethod]
    [DataRow(new long[] { 7 })]
    [DataRow(new long[] { 3, 5 })]
    [DataRow(new long[] { 2, 3, 2 })]
    [DataRow(new long[0])]
    public void Embedded_codes_are_the_quantized_encodings(long[] spatial)
    {
        using DisposeScope scope = NewDisposeScope();
        using ResidualVectorQuantizer quantizer = Trained(5);
        Tensor encodings = Numbers(2, [4, 4, .. spatial]);
        Tensor indices = quantizer.Encode(encodings);
        CollectionAssert.AreEqual((long[])[4, .. spatial, 3], indices.shape);
        Assert.IsTrue(TensorAssert.Longs(indices).All(code => code is >= 0 and < 11));
        Tensor embedded = quantizer.Embed(indices);
        CollectionAssert.AreEqual(encodings.shape, embedded.shape);
        using (no_grad())
        {
            QuantizationResult result = quantizer.call(encodings);
            TensorAssert.Same(embedded, result.Quantized, "quantized");
            TensorAssert.Same(indices, result.Indices, "indices");
        }
        TensorAssert.Close(embedded, quantizer.call(encodings.clone().requires_grad_()).Quantized, 1e-6, "with a gradient");
    }

    [TestMethod]
    public void Codes_are_the_nearest_to_what_the_stages_before_left_over()
    {
        using DisposeScope scope = NewDisposeScope();
        using ResidualVectorQuantizer quantizer = Trained(5);
        Tensor encodings = Numbers(3, 3, 4, 6);
        Tensor indices = quantizer.Encode(encodings);
        Tensor residual = encodings.permute(0, 2, 1);
        for (int number = 0; number < 3; number++)
        {
            Tensor codebook = quantizer.state_dict()[$"stages.{number}.codebook"][0];
            Tensor nearest = (residual.unsqueeze(2) - codebook).square().sum(3).argmin(2);
            TensorAssert.Same(nearest, indices.select(2, number), $"stage {number}");
            residual = residual - codebook.index_select(0, nearest.reshape(-1)).view(3, 6, 4);
        }
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.5)]
    public void Each_stage_lowers_the_error(double dropout)
    {
        using DisposeScope scope = NewDisposeScope();
        using ResidualVectorQuantizer quantizer = Trained(40, options => (options.CodesPerPosition, options.Dropout) = (4, dropout));
        Tensor encodings = Numbers(1, 64, 4, 10);
        Tensor indices = quantizer.Encode(encodings);
        double before = encodings.square().mean().item<float>();
        Tensor sum = zeros_like(encodings);
        for (int number = 0; number < 4; number++)
        {
            Tensor codebook = quantizer.state_dict()[$"stages.{number}.codebook"][0];
            sum = sum + codebook.index_select(0, indices.select(2, number).reshape(-1)).view(64, 10, 4).permute(0, 2, 1);
            double error = (encodings - sum).square().mean().item<float>();
            // Eleven codes in four dimensions take away between a third and a half of what is left.
            Assert.IsLessThan(0.75 * before, error, $"stage {number}");
            before = error;
        }
        TensorAssert.Close(quantizer.Embed(indices), sum, 1e-6, "sum of the stages");
    }

    [TestMethod]
    [DataRow(0.0, CodebookLearning.MovingAverage)]
    [DataRow(1.0, CodebookLearning.MovingAverage)]
    [DataRow(1.0, CodebookLearning.Gradient)]
    public void The_first_stage_learns_as_a_vector_quantizer_does(double dropout, CodebookLearning learning)
    {
        using DisposeScope scope = NewDisposeScope();
        using ResidualVectorQuantizer quantizer = Trained(12, options => (options.Dropout, options.Stage.Learning) = (dropout, learning));
        using var single = new VectorQuantizer(Small(options => options.Stage.Learning = learning).Stage, 5);
        Train(single, 0, 12);
        // Every example uses the first stage, so that it sees what a single quantizer sees.
        Dictionary<string, Tensor> state = quantizer.state_dict();
        foreach ((string name, Tensor value) in single.state_dict())
            TensorAssert.Same(value, state[$"stages.0.{name}"], name);
    }

    [TestMethod]
    public void All_positions_of_an_example_have_the_same_stages_also_beside_padding()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new ResidualVectorQuantizer(Small(options => (options.CodesPerPosition, options.Dropout) = (4, 0.6)), 5);
        const int Batch = 40, Real = 3, Length = 4;
        var padding = new Networks.Padding(full(Batch, Real, dtype: ScalarType.Int64), Length, perCode: 1);
        for (int step = 0; step < 5; step++)
        {
            float[] used = TensorAssert.Floats(padding.Quantize(quantizer, Numbers(step, Batch, 4, Length)).Counts.sum(1));
            Assert.AreEqual(Batch * Real, used[0]);
            foreach (float count in used)
                Assert.AreEqual(0, count % Real, $"{count} codes of whole examples");
            Assert.IsLessThan(used[0], used[3]);
        }
    }

    [TestMethod]
    public void Dropout_leaves_out_the_last_stages_of_as_many_examples_as_it_says()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new ResidualVectorQuantizer(Small(options => (options.CodesPerPosition, options.Dropout) = (4, 0.6)), 5);
        float[] counts = new float[4];
        const int Batch = 500, Steps = 20;
        for (int step = 0; step < Steps; step++)
        {
            using DisposeScope inner = NewDisposeScope();
            float[] used = TensorAssert.Floats(quantizer.call(Numbers(step, Batch, 4, 1)).Counts.sum(1));
            for (int number = 0; number < 4; number++)
                counts[number] += used[number] / (Batch * Steps);
        }
        // 0.6 of the examples use 1, 2, 3 or 4 stages, each as often; 10,000 draws deviate by 0.005.
        float[] expected = [1, 0.85f, 0.7f, 0.55f];
        for (int number = 0; number < 4; number++)
            Assert.AreEqual(expected[number], counts[number], 0.02, $"stage {number}");
        // In evaluation mode all stages are used.
        quantizer.eval();
        TensorAssert.Close([500, 500, 500, 500], quantizer.call(Numbers(1, Batch, 4, 1)).Counts.sum(1), 0, "counts");
    }

    [TestMethod]
    [DataRow(CodebookLearning.MovingAverage)]
    [DataRow(CodebookLearning.Gradient)]
    public void A_saved_run_goes_on_to_the_same_bits(CodebookLearning learning)
    {
        void Change(ResidualVectorQuantizerOptions options) =>
            (options.Dropout, options.Stage.Learning, options.Stage.UnquantizedSteps) = (0.7, learning, 3);
        using DisposeScope scope = NewDisposeScope();
        using ResidualVectorQuantizer whole = Trained(20, Change);
        // While encodings pass unquantized, at the start of the codebooks, and between restarts.
        foreach (int interruption in (int[])[2, 3, 9])
        {
            using ResidualVectorQuantizer first = Trained(interruption, Change);
            using var second = new ResidualVectorQuantizer(Small(Change), 5);
            second.load_state_dict(TensorAssert.Snapshot(first));
            Train(second, interruption, 20);
            Dictionary<string, Tensor> expected = whole.state_dict(), found = second.state_dict();
            CollectionAssert.AreEquivalent(expected.Keys, found.Keys);
            foreach ((string name, Tensor value) in expected)
                TensorAssert.Same(value, found[name], $"{name}, interrupted at {interruption}");
            Tensor encodings = Numbers(1, 5, 4, 6);
            TensorAssert.Same(whole.Encode(encodings), second.Encode(encodings), "codes");
        }
        // With the same weights and another number of the step, other stages would be left out.
        using ResidualVectorQuantizer other = Trained(9, Change);
        other.state_dict()["steps"].add_(1);
        Train(other, 9, 20);
        Assert.AreNotEqual(0f, (other.state_dict()["stages.2.counts"] - whole.state_dict()["stages.2.counts"]).abs().max().item<float>());
    }

    [TestMethod]
    public void Encodings_pass_unquantized_as_long_as_the_options_say()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new ResidualVectorQuantizer(Small(options => options.Stage.UnquantizedSteps = 2), 5);
        Dictionary<string, Tensor> before = TensorAssert.Snapshot(quantizer);
        for (int step = 0; step < 2; step++)
        {
            Tensor encodings = Numbers(step, 8, 4, 3).requires_grad_();
            QuantizationResult result = quantizer.call(encodings);
            TensorAssert.Same(encodings, result.Quantized, "quantized");
            Assert.AreEqual(0, result.Indices.numel());
            Assert.AreEqual(0f, result.Loss.item<float>());
            CollectionAssert.AreEqual(new long[] { 3, 11 }, result.Counts.shape);
            Assert.AreEqual(0f, result.Counts.sum().item<float>());
            result.Quantized.sum().backward();
            Assert.AreEqual(1f, encodings.grad!.min().item<float>());
        }
        foreach ((string name, Tensor value) in quantizer.state_dict().Where(entry => entry.Key != "steps"))
            TensorAssert.Same(before[name], value, name);
        QuantizationResult third = quantizer.call(Numbers(2, 8, 4, 3));
        CollectionAssert.AreEqual(new long[] { 8, 3, 3 }, third.Indices.shape);
        Assert.AreEqual(3L, quantizer.state_dict()["steps"].item<long>());
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Quantization_that_has_begun_goes_on_in_a_run_that_begins_it_later(bool fromData)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (int steps in (int[])[1, 2])
        {
            using ResidualVectorQuantizer shorter =
                Trained(steps, options => (options.Stage.InitializeFromData, options.Stage.UnquantizedSteps) = (fromData, 1));
            using var longer = new ResidualVectorQuantizer(
                Small(options => (options.Stage.InitializeFromData, options.Stage.UnquantizedSteps) = (fromData, 10)), 5);
            longer.load_state_dict(TensorAssert.Snapshot(shorter));
            Assert.AreEqual(steps == 2 ? 8 * 3 * 3 : 0, longer.call(Numbers(1, 8, 4, 3)).Indices.numel(), $"codes after {steps} steps");
        }
    }

    [TestMethod]
    public void In_evaluation_mode_nothing_changes()
    {
        using DisposeScope scope = NewDisposeScope();
        using ResidualVectorQuantizer quantizer = Trained(3, options => options.Dropout = 1);
        Dictionary<string, Tensor> before = TensorAssert.Snapshot(quantizer);
        Tensor encodings = Numbers(1, 2, 4, 5);
        Tensor indices = quantizer.call(encodings).Indices;
        TensorAssert.Same(indices, quantizer.call(encodings).Indices, "codes");
        TensorAssert.Same(indices, quantizer.Encode(encodings), "codes");
        foreach ((string name, Tensor value) in quantizer.state_dict())
            TensorAssert.Same(before[name], value, name);
    }

    [TestMethod]
    public void Restarts_stop_near_the_end_of_a_run()
    {
        using DisposeScope scope = NewDisposeScope();
        void Change(ResidualVectorQuantizerOptions options) => (options.Stage.RestartBelow, options.Stage.RestartEverySteps) = (0.99, 1);
        using ResidualVectorQuantizer restarted = Trained(3, Change), left = Trained(3, Change);
        restarted.train();
        left.train();
        restarted.BeginStep(3, 0.5);
        left.BeginStep(3, 0.9);
        Tensor encodings = Numbers(9, 16, 4, 10);
        restarted.call(encodings);
        left.call(encodings);
        for (int number = 0; number < 3; number++)
        {
            string name = $"stages.{number}.codebook";
            Assert.IsGreaterThan(
                0.1f, (restarted.state_dict()[name] - left.state_dict()[name]).abs().max().item<float>(), $"stage {number}");
        }
    }

    [TestMethod]
    public void All_wrong_options_are_told_at_once()
    {
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ResidualVectorQuantizer(
            new ResidualVectorQuantizerOptions
            {
                Stage = new VectorQuantizerOptions { Codes = 1, CodesPerPosition = 2 }, CodesPerPosition = 0, Dropout = 1.5,
            }, 0));
        foreach (string part in (string[])
        [
            "Codes must be 2 or more, but is 1", "Stage.CodesPerPosition must be 1, but is 2", "CodesPerPosition must be 1 or more, but is 0",
            "Dropout must be from 0 to 1, but is 1.5",
        ])
            StringAssert.Contains(error.Message, part);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new ResidualVectorQuantizerOptions { Stage = null!, Dropout = double.NaN }.Validate()).Message,
            "Stage must be set, but is null; Dropout must be from 0 to 1, but is NaN");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(3)]
    public void Wrong_shapes_and_values_are_an_error_and_leave_the_codebooks_alone(int steps)
    {
        using DisposeScope scope = NewDisposeScope();
        using ResidualVectorQuantizer quantizer = Trained(steps);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => quantizer.Encode(Numbers(1, 2, 9, 5))).Message, "[batch, 4, …]");
        Assert.ThrowsExactly<ArgumentException>(() => quantizer.call(Numbers(1, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => quantizer.Embed(zeros(2, 3, 2, dtype: ScalarType.Int64)));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(
            () => quantizer.Embed(full(2, 3, 3, 11, dtype: ScalarType.Int64))).Message, "0 … 10");
        quantizer.train();
        Dictionary<string, Tensor> before = TensorAssert.Snapshot(quantizer);
        Tensor spoiled = Numbers(1, 2, 4, 5);
        spoiled[0, 0, 0] = float.NaN;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => quantizer.call(spoiled)).Message, "finite");
        foreach ((string name, Tensor value) in quantizer.state_dict())
            TensorAssert.Same(before[name], value, name);
    }

    [TestMethod]
    public void No_tensor_outlives_its_scope_and_no_random_number_is_taken_from_torch()
    {
        using Tensor random = get_rng_state();
        using var quantizer = new ResidualVectorQuantizer(Small(options =>
        {
            (options.Dropout, options.Stage.UnquantizedSteps, options.Stage.RestartEverySteps) = (0.5, 1, 1);
        }), 3);
        long before = LiveTensors.Count();
        for (int i = 0; i < 6; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor encodings = Numbers(i, 3, 4, 5).requires_grad_();
            QuantizationResult result = quantizer.call(encodings);
            (result.Loss + result.Quantized.sum()).backward();
            quantizer.Embed(quantizer.Encode(encodings));
        }
        Assert.AreEqual(before, Tensor.TotalCount);
        using Tensor randomAfter = get_rng_state();
        TensorAssert.Same(random, randomAfter, "state of torch's generator");
    }
}
