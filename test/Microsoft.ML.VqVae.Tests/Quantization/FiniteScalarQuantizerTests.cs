using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Quantization;

/// <summary>What holds for every finite scalar quantizer: looking codes up undoes encoding, all codes can be reached, there is nothing to
/// save, errors are clear.</summary>
[TestClass]
public sealed class FiniteScalarQuantizerTests
{
    static Tensor Numbers(int seed, params long[] shape)
    {
        using var generator = new Generator((ulong)seed);
        return randn(shape, generator: generator);
    }

    static FiniteScalarQuantizer Quantizer(int codesPerPosition, params int[] levels) =>
        new(new FiniteScalarQuantizerOptions { Levels = levels, CodesPerPosition = codesPerPosition });

    [TestMethod]
    [DataRow(new[] { 8, 5, 5, 5 }, 1)]
    [DataRow(new[] { 8, 5, 5, 5 }, 2)]
    [DataRow(new[] { 3 }, 2)]
    [DataRow(new[] { 2, 4 }, 1)]
    [DataRow(new[] { 2, 2, 2 }, 3)]
    public void Embedded_codes_are_the_quantized_encodings_and_have_the_same_codes(int[] levels, int codesPerPosition)
    {
        foreach (long[] spatial in (long[][])[[], [7], [3, 5], [2, 3, 2]])
        {
            using DisposeScope scope = NewDisposeScope();
            using FiniteScalarQuantizer quantizer = Quantizer(codesPerPosition, levels);
            Tensor encodings = Numbers(2, [4, quantizer.Channels, .. spatial]) * 2;
            QuantizationResult result = quantizer.call(encodings);
            Tensor indices = quantizer.Encode(encodings);
            CollectionAssert.AreEqual((long[])[4, .. spatial, codesPerPosition], indices.shape);
            TensorAssert.Same(indices, result.Indices, "indices");
            Tensor embedded = quantizer.Embed(indices);
            // Equal numbers; rounding gives −0 too.
            TensorAssert.Close(result.Quantized, embedded, 0, "quantized");
            CollectionAssert.AreEqual(encodings.shape, embedded.shape);
            long[] numbers = TensorAssert.Longs(indices);
            Assert.IsTrue(numbers.All(number => number >= 0 && number < quantizer.CodebookSize), "all codes are in range");
            TensorAssert.Close(embedded, quantizer.call(encodings.clone().requires_grad_()).Quantized, 1e-6, "with a gradient");
        }
    }

    [TestMethod]
    [DataRow(new[] { 8, 5, 5, 5 })]
    [DataRow(new[] { 3 })]
    [DataRow(new[] { 2 })]
    [DataRow(new[] { 2, 4 })]
    [DataRow(new[] { 7, 2, 6 })]
    [DataRow(new[] { 2500 })]
    public void Encodings_reach_every_code_and_no_others(int[] levels)
    {
        using DisposeScope scope = NewDisposeScope();
        using FiniteScalarQuantizer quantizer = Quantizer(1, levels);
        Assert.AreEqual(levels.Aggregate(1, (product, count) => product * count), quantizer.CodebookSize);
        // A grid of encodings, four to each level in equal steps behind the tanh, and beyond.
        Tensor[] axes = [.. levels.Select(count => tensor(
            (float[])[-50, .. Enumerable.Range(1, 4 * count - 1).Select(i => MathF.Atanh(i / (2f * count) - 1)), 50]))];
        Tensor encodings = axes.Length == 1 ? axes[0].unsqueeze(1) : cartesian_prod(axes);
        long[] reached = [.. TensorAssert.Longs(quantizer.Encode(encodings)).Distinct().Order()];
        CollectionAssert.AreEqual(Enumerable.Range(0, quantizer.CodebookSize).Select(code => (long)code).ToArray(), reached);
        // Each code has a vector of its own, within -1 and 1.
        Tensor all = quantizer.Embed(arange(quantizer.CodebookSize, dtype: ScalarType.Int64).unsqueeze(1));
        Assert.IsLessThanOrEqualTo(1f, all.abs().max().item<float>());
        string[] vectors = [.. Enumerable.Range(0, quantizer.CodebookSize).Select(code => string.Join(' ', TensorAssert.Floats(all[code])))];
        Assert.HasCount(quantizer.CodebookSize, vectors.Distinct());
    }

    [TestMethod]
    public void Zero_stays_zero_for_even_and_odd_levels()
    {
        using DisposeScope scope = NewDisposeScope();
        using FiniteScalarQuantizer quantizer = Quantizer(1, 2, 3, 4, 5, 8, 9, 1000);
        Tensor encodings = zeros(2, 7, 3);
        Assert.AreEqual(0f, quantizer.call(encodings).Quantized.abs().max().item<float>());
        Assert.IsLessThan(1e-4f, quantizer.Bound(encodings).abs().max().item<float>());
        // A gradient there, however few levels.
        Tensor at = zeros(1, 7).requires_grad_();
        quantizer.call(at).Quantized.sum().backward();
        Assert.IsGreaterThan(0.4f, at.grad!.min().item<float>());
    }

    [TestMethod]
    public void There_is_no_state_and_training_changes_nothing()
    {
        using DisposeScope scope = NewDisposeScope();
        using FiniteScalarQuantizer quantizer = Quantizer(2, 4, 3);
        Assert.IsEmpty(quantizer.state_dict());
        Tensor encodings = Numbers(3, 5, 4, 6);
        Tensor before = quantizer.Encode(encodings);
        for (int step = 0; step < 3; step++)
        {
            quantizer.BeginStep(step, step / 3.0);
            quantizer.call(encodings);
        }
        quantizer.eval();
        TensorAssert.Same(before, quantizer.Encode(encodings), "codes");
        using var other = (FiniteScalarQuantizer)quantizer.Options.CreateQuantizer(seed: 9);
        TensorAssert.Same(before, other.Encode(encodings), "codes of another quantizer of the same options");
    }

    [TestMethod]
    public void All_wrong_options_are_told_at_once()
    {
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new FiniteScalarQuantizer(
            new FiniteScalarQuantizerOptions { Levels = [5, 1], CodesPerPosition = 0 }));
        StringAssert.Contains(error.Message, "Levels must be one number or more, each 2 or more, but is [5, 1]");
        StringAssert.Contains(error.Message, "CodesPerPosition must be 1 or more, but is 0");
        Refused([], "but is []");
        Refused(null!, "but is null");
        Refused([65536, 65536], "whose product is at most 16777216, but is [65536, 65536]");
    }

    static void Refused(int[] levels, string part) => StringAssert.Contains(
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new FiniteScalarQuantizerOptions { Levels = levels }.Validate()).Message,
        part);

    [TestMethod]
    public void Later_changes_of_the_options_do_not_reach_a_copy()
    {
        int[] levels = [4, 3];
        var options = new FiniteScalarQuantizerOptions { Levels = levels, CodesPerPosition = 2 };
        using var quantizer = new FiniteScalarQuantizer(options);
        FiniteScalarQuantizerOptions copy = options.Copy();
        (levels[0], options.CodesPerPosition) = (9, 1);
        Assert.AreEqual((12, 2, 4), (quantizer.CodebookSize, quantizer.CodesPerPosition, quantizer.Channels));
        Assert.AreEqual((12, 2, 4), (copy.CodebookSize, copy.CodesPerPosition, copy.Channels));
        Assert.AreEqual((27, 1, 2), (options.CodebookSize, options.CodesPerPosition, options.Channels));
    }

    [TestMethod]
    public void Wrong_shapes_and_values_are_an_error_and_not_the_end_of_the_process()
    {
        using DisposeScope scope = NewDisposeScope();
        using FiniteScalarQuantizer quantizer = Quantizer(2, 4, 3);
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => quantizer.Encode(Numbers(1, 2, 5, 3)));
        StringAssert.Contains(error.Message, "[batch, 4, …]");
        StringAssert.Contains(error.Message, "[2, 5, 3]");
        Assert.ThrowsExactly<ArgumentException>(() => quantizer.call(Numbers(1, 4)));
        Assert.ThrowsExactly<ArgumentException>(() => quantizer.call(Numbers(1, 2, 4).to_type(ScalarType.Float64)));
        Assert.ThrowsExactly<ArgumentException>(() => quantizer.Embed(zeros(2, 3, 1, dtype: ScalarType.Int64)));
        ArgumentException outside =
            Assert.ThrowsExactly<ArgumentException>(() => quantizer.Embed(full(2, 3, 2, 12, dtype: ScalarType.Int64)));
        StringAssert.Contains(outside.Message, "0 … 11");
        Tensor spoiled = Numbers(1, 2, 4, 3);
        spoiled[0, 0, 0] = float.NaN;
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => quantizer.call(spoiled)).Message, "NaN");
        Assert.IsTrue(TensorAssert.Longs(quantizer.Encode(spoiled)).All(code => code is >= 0 and < 12));
    }

    [TestMethod]
    public void No_tensor_outlives_its_scope_and_no_random_number_is_taken_from_torch()
    {
        using Tensor random = get_rng_state();
        using FiniteScalarQuantizer quantizer = Quantizer(2, 4, 3);
        long before = LiveTensors.Count();
        for (int i = 0; i < 4; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor encodings = Numbers(i, 2, 4, 5).requires_grad_();
            QuantizationResult result = quantizer.call(encodings);
            (result.Loss + result.Quantized.sum()).backward();
            quantizer.Embed(quantizer.Encode(encodings));
        }
        Assert.AreEqual(before, Tensor.TotalCount);
        using Tensor randomAfter = get_rng_state();
        TensorAssert.Same(random, randomAfter, "state of torch's generator");
    }
}
