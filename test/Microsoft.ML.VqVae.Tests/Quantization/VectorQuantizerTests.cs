using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Quantization;

/// <summary>What holds for every quantizer: codes are nearest, looking up undoes encoding, evaluation changes nothing, errors are
/// clear.</summary>
[TestClass]
public sealed class VectorQuantizerTests
{
    static readonly VectorQuantizerOptions Small = new()
    {
        Codes = 11, Dimensions = 4, CodesPerPosition = 2, Learning = CodebookLearning.Gradient, InitializeFromData = false,
        RestartEverySteps = 0,
    };

    static Tensor Numbers(int seed, params long[] shape)
    {
        using var generator = new Generator((ulong)seed);
        return randn(shape, generator: generator);
    }

    static VectorQuantizerOptions With(VectorQuantizerOptions options, Action<VectorQuantizerOptions> change)
    {
        var copy = new VectorQuantizer(options, 0);
        using (copy)
        {
            VectorQuantizerOptions changed = copy.Options;
            change(changed);
            return changed;
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Codes_are_the_nearest_by_brute_force(bool separate)
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(With(Small, o => o.SeparateCodebooks = separate), 3);
        Tensor encodings = Numbers(1, 3, 8, 5, 2) * 0.05;
        Tensor indices = quantizer.Encode(encodings);
        CollectionAssert.AreEqual(new long[] { 3, 5, 2, 2 }, indices.shape);
        Tensor codebook = quantizer.state_dict()["codebook"].detach();
        for (int group = 0; group < 2; group++)
        {
            Tensor vectors = encodings.permute(0, 2, 3, 1).narrow(3, group * 4, 4).unsqueeze(3);
            Tensor distances = (vectors - codebook[separate ? group : 0]).square().sum(4);
            TensorAssert.Same(distances.argmin(3), indices.select(3, group), $"codes of group {group}");
        }
    }

    [TestMethod]
    [DataRow(new long[] { 7 })]
    [DataRow(new long[] { 3, 5 })]
    [DataRow(new long[] { 2, 3, 2 })]
    [DataRow(new long[0])]
    public void Encoding_what_was_embedded_gives_the_same_codes(long[] spatial)
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(Small, 3);
        quantizer.eval();
        Tensor encodings = Numbers(2, [4, 8, .. spatial]);
        Tensor indices = quantizer.Encode(encodings);
        Tensor embedded = quantizer.Embed(indices);
        CollectionAssert.AreEqual(encodings.shape, embedded.shape);
        TensorAssert.Same(indices, quantizer.Encode(embedded), "codes");
        using (no_grad())
        {
            QuantizationResult result = quantizer.call(encodings);
            TensorAssert.Same(embedded, result.Quantized, "quantized");
            TensorAssert.Same(indices, result.Indices, "indices");
        }
    }

    [TestMethod]
    public void Chunks_of_distances_give_the_same_codes_as_all_at_once()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor vectors = Numbers(4, 1000, 6);
        Tensor codebook = Numbers(5, 37, 6);
        Tensor atOnce = NearestCodes.FindByProduct(vectors, codebook);
        TensorAssert.Same(atOnce, NearestCodes.FindByProduct(vectors, codebook, maximumDistances: 37 * 16), "codes");
        TensorAssert.Same(atOnce, NearestCodes.FindByProduct(vectors, codebook, maximumDistances: 1), "codes, one by one");
    }

    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(5, 3, 2)]
    [DataRow(97, 33, 7)]
    [DataRow(1000, 512, 64)]
    [DataRow(299, 100, 130)]
    public void The_search_finds_the_codes_that_the_matrix_product_finds(int rows, int codes, int dimensions)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor vectors = Numbers(8, rows, 2 * dimensions).narrow(1, dimensions, dimensions);
        Tensor codebook = Numbers(9, codes, dimensions);
        Tensor found = NearestCodes.Find(vectors, codebook);
        // Double: of two codes that are almost equally near, Single finds one or the other.
        Tensor distances = cdist(vectors.to(ScalarType.Float64), codebook.to(ScalarType.Float64));
        Tensor excess = distances.gather(1, found.unsqueeze(1)).squeeze(1) - distances.min(1).values;
        Assert.IsLessThan(1e-5, excess.max().item<double>());
        TensorAssert.Same(NearestCodes.FindByProduct(vectors, codebook), found, "codes");
    }

    [TestMethod]
    public void The_code_of_a_vector_does_not_depend_on_the_vectors_beside_it()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor vectors = Numbers(10, 500, 16);
        Tensor codebook = Numbers(11, 70, 16);
        Tensor found = NearestCodes.Find(vectors, codebook);
        for (int row = 0; row < 500; row += 7)
            TensorAssert.Same(found.narrow(0, row, 1), NearestCodes.Find(vectors.narrow(0, row, 1), codebook), "code");
    }

    [TestMethod]
    public void Of_equally_near_codes_the_first_is_taken()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor once = Numbers(12, 40, 8);
        Tensor twice = cat([once, once, once], 0);
        TensorAssert.Same(arange(40), NearestCodes.Find(once, twice), "codes");
        TensorAssert.Same(zeros(3, dtype: ScalarType.Int64), NearestCodes.Find(full(3, 8, double.NaN, dtype: ScalarType.Float32), twice), "without a number");
    }

    [TestMethod]
    public void Beta_weighs_the_commitment_loss_and_not_the_codebook_loss()
    {
        using DisposeScope scope = NewDisposeScope();
        using var without = new VectorQuantizer(With(Small, o => o.CommitmentCost = 0), 3);
        using var with = new VectorQuantizer(With(Small, o => o.CommitmentCost = 0.75), 3);
        Tensor first = Numbers(6, 2, 8, 3).requires_grad_();
        Tensor second = first.detach().clone().requires_grad_();
        without.call(first).Loss.backward();
        QuantizationResult result = with.call(second);
        result.Loss.backward();
        Assert.AreEqual(result.CodebookLoss.item<float>() + 0.75 * result.CommitmentLoss.item<float>(), result.Loss.item<float>(), 1e-5);
        Assert.AreEqual(0f, first.grad!.abs().max().item<float>(), "without commitment the quantizer's loss does not reach the encoder");
        Assert.IsGreaterThan(0f, second.grad!.abs().max().item<float>());
        TensorAssert.Same(without.get_parameter("codebook")!.grad!, with.get_parameter("codebook")!.grad!, "gradient of the codebook");
    }

    [TestMethod]
    public void The_codebook_gets_no_gradient_from_the_decoder()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(Small, 3);
        Tensor encodings = Numbers(7, 2, 8, 3).requires_grad_();
        quantizer.call(encodings).Quantized.square().sum().backward();
        Assert.IsNull(quantizer.get_parameter("codebook")!.grad);
        Assert.IsGreaterThan(0f, encodings.grad!.abs().max().item<float>());
    }

    [TestMethod]
    public void In_evaluation_mode_nothing_changes()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(With(Small, o =>
        {
            o.Learning = CodebookLearning.MovingAverage;
            o.InitializeFromData = true;
            o.RestartEverySteps = 1;
        }), 3);
        quantizer.eval();
        Dictionary<string, Tensor> before = TensorAssert.Snapshot(quantizer);
        for (int i = 0; i < 3; i++)
            quantizer.call(Numbers(i, 2, 8, 5));
        foreach ((string? name, Tensor? value) in quantizer.state_dict())
            TensorAssert.Same(before[name], value, name);
    }

    [TestMethod]
    public void All_wrong_options_are_told_at_once()
    {
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new VectorQuantizer(
            new VectorQuantizerOptions
            {
                Codes = 1, Dimensions = 0, Decay = 1, CommitmentCost = double.NaN, RestartBelow = 2, RestartUntilFraction = -0.5,
            }, 0));
        foreach (string? part in new[]
        {
            "Codes must be 2 or more, but is 1", "Dimensions must be 1 or more, but is 0",
            "Decay must be a number between 0 and 1, both excluded, but is 1", "CommitmentCost", "NaN", "RestartBelow",
            "RestartUntilFraction must be from 0 to 1, but is -0.5",
        })
            StringAssert.Contains(error.Message, part);
    }

    [TestMethod]
    public void Wrong_shapes_are_an_error_and_not_the_end_of_the_process()
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(Small, 3);
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => quantizer.Encode(Numbers(1, 2, 9, 5)));
        StringAssert.Contains(error.Message, "[batch, 8, …]");
        StringAssert.Contains(error.Message, "[2, 9, 5]");
        Assert.ThrowsExactly<ArgumentException>(() => quantizer.call(Numbers(1, 8)));
        Assert.ThrowsExactly<ArgumentException>(() => quantizer.Embed(zeros(2, 3, 3, dtype: ScalarType.Int64)));
        ArgumentException outside = Assert.ThrowsExactly<ArgumentException>(() => quantizer.Embed(full(2, 3, 2, 11, dtype: ScalarType.Int64)));
        StringAssert.Contains(outside.Message, "0 … 10");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Encodings_that_are_not_numbers_are_an_error_and_leave_the_codebook_alone(bool fromData)
    {
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(
            With(Small, o => (o.Learning, o.InitializeFromData) = (CodebookLearning.MovingAverage, fromData)), 3);
        Dictionary<string, Tensor> before = TensorAssert.Snapshot(quantizer);
        Tensor encodings = Numbers(1, 2, 8, 5);
        encodings[0, 0, 0] = float.NaN;
        InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => quantizer.call(encodings));
        StringAssert.Contains(error.Message, "finite");
        foreach ((string name, Tensor value) in quantizer.state_dict())
            TensorAssert.Same(before[name], value, name);
    }

    [TestMethod]
    public void No_tensor_outlives_its_scope_and_no_random_number_is_taken_from_torch()
    {
        using Tensor random = get_rng_state();
        using var quantizer = new VectorQuantizer(With(Small, o =>
        {
            o.Learning = CodebookLearning.MovingAverage;
            o.InitializeFromData = true;
            o.UnquantizedSteps = 1;
            o.RestartEverySteps = 1;
        }), 3);
        long before = LiveTensors.Count();
        for (int i = 0; i < 4; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor encodings = Numbers(i, 2, 8, 5).requires_grad_();
            QuantizationResult result = quantizer.call(encodings);
            (result.Loss + result.Quantized.sum()).backward();
            quantizer.Embed(quantizer.Encode(encodings));
        }
        Assert.AreEqual(before, Tensor.TotalCount);
        using Tensor randomAfter = get_rng_state();
        TensorAssert.Same(random, randomAfter, "state of torch's generator");
    }
}
