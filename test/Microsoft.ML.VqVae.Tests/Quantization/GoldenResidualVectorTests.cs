using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Quantization;

/// <summary>The residual vector quantizer gives the numbers that test/golden/residual_vector.py computed with plain NumPy.</summary>
[TestClass]
public sealed class GoldenResidualVectorTests
{
    const double Tolerance = 1e-5;

    public static IEnumerable<object[]> Cases()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "residual_vector.json"));
        return JsonSerializer.Deserialize<JsonElement[]>(file)!
            .Select(entry => new object[] { entry.GetProperty("name").GetString()!, entry }).ToArray();
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Codes_losses_gradients_and_state_agree_after_each_step(string name, object entry)
    {
        var golden = (JsonElement)entry;
        float[] Numbers(string property) => golden.GetProperty(property).Deserialize<float[]>()!;
        CodebookLearning learning = Enum.Parse<CodebookLearning>(golden.GetProperty("learning").GetString()!);
        long[] shape = golden.GetProperty("shape").Deserialize<long[]>()!;
        int stages = golden.GetProperty("stages").GetInt32(), codes = golden.GetProperty("codes").GetInt32(), dimensions = (int)shape[1];
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new ResidualVectorQuantizer(new ResidualVectorQuantizerOptions
        {
            Stage = new VectorQuantizerOptions
            {
                Codes = codes,
                Dimensions = dimensions,
                Learning = learning,
                InitializeFromData = false,
                RestartEverySteps = 0,
                CommitmentCost = golden.GetProperty("beta").GetDouble(),
                Decay = golden.GetProperty("decay").GetDouble(),
                Smoothing = golden.GetProperty("smoothing").GetDouble(),
            },
            CodesPerPosition = stages,
            Dropout = golden.GetProperty("dropout").GetDouble(),
        }, golden.GetProperty("seed").GetInt32());
        Dictionary<string, Tensor> state = quantizer.state_dict();
        Tensor State(string tensorName) =>
            stack([.. Enumerable.Range(0, stages).Select(number => state[$"stages.{number}.{tensorName}"][0])], 0);
        Tensor codebooks = tensor(Numbers("codebooks")).view(stages, codes, dimensions);
        using (no_grad())
        {
            for (int number = 0; number < stages; number++)
            {
                state[$"stages.{number}.codebook"].copy_(codebooks[number]);
                state[$"stages.{number}.sums"].copy_(codebooks[number]);
            }
        }

        Tensor weight = tensor(Numbers("output_weight")).view(shape);
        int step = 0;
        foreach (JsonElement expected in golden.GetProperty("steps").EnumerateArray())
        {
            float[] Expected(string property) => expected.GetProperty(property).Deserialize<float[]>()!;
            string where = $"{name}, step {step++}";
            foreach (Tensor parameter in quantizer.parameters())
                parameter.grad?.zero_();
            Tensor encodings = tensor(Expected("encodings")).view(shape).requires_grad_();
            QuantizationResult result = quantizer.call(encodings);
            (result.Loss + (result.Quantized * weight).sum()).backward();

            CollectionAssert.AreEqual(expected.GetProperty("indices").Deserialize<long[]>()!, TensorAssert.Longs(result.Indices), where);
            CollectionAssert.AreEqual(new long[] { stages, codes }, result.Counts.shape);
            TensorAssert.Close(Expected("tally"), result.Counts, 0, $"{where}: counts of the batch");
            CollectionAssert.AreEqual(shape, result.Quantized.shape);
            TensorAssert.Close(Expected("quantized"), result.Quantized, Tolerance, $"{where}: quantized");
            Assert.AreEqual(expected.GetProperty("codebook_loss").GetDouble(), result.CodebookLoss.item<float>(), Tolerance, where);
            Assert.AreEqual(expected.GetProperty("commitment_loss").GetDouble(), result.CommitmentLoss.item<float>(), Tolerance, where);
            Assert.AreEqual(expected.GetProperty("loss").GetDouble(), result.Loss.item<float>(), Tolerance, where);
            TensorAssert.Close(Expected("encodings_gradient"), encodings.grad!, Tolerance, $"{where}: gradient of the encodings");
            TensorAssert.Close(Expected("counts_after"), State("counts"), Tolerance, $"{where}: counts");
            if (learning == CodebookLearning.Gradient)
            {
                // A stage that no example used has no gradient yet.
                Tensor gradients = stack([.. Enumerable.Range(0, stages).Select(number =>
                    state[$"stages.{number}.codebook"].grad ?? zeros(1, codes, dimensions))], 0);
                TensorAssert.Close(Expected("codebook_gradients"), gradients, Tolerance, $"{where}: gradients of the codebooks");
            }
            else
            {
                Assert.AreEqual(0, quantizer.parameters().Count(), "a moving-average codebook is no parameter");
                TensorAssert.Close(Expected("sums_after"), State("sums"), Tolerance, $"{where}: sums");
                TensorAssert.Close(Expected("codebooks_after"), State("codebook"), Tolerance, $"{where}: codebooks");
            }
        }
        Assert.AreEqual(step, state["steps"].item<long>());
    }
}
