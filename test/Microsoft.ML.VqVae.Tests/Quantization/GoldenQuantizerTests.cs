using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Quantization;

/// <summary>The quantizer gives the numbers that test/golden/quantizer.py computed with plain PyTorch.</summary>
[TestClass]
public sealed class GoldenQuantizerTests
{
    const double Tolerance = 1e-5;

    public static IEnumerable<object[]> Cases()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "quantizer.json"));
        return JsonSerializer.Deserialize<JsonElement[]>(file)!
            .Select(entry => new object[] { entry.GetProperty("name").GetString()!, entry }).ToArray();
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Forward_losses_gradients_and_state_agree(string name, object entry)
    {
        var golden = (JsonElement)entry;
        float[] Numbers(string property) => golden.GetProperty(property).Deserialize<float[]>()!;
        CodebookLearning learning = Enum.Parse<CodebookLearning>(golden.GetProperty("learning").GetString()!);
        long[] shape = golden.GetProperty("shape").Deserialize<long[]>()!;
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new VectorQuantizer(new VectorQuantizerOptions
        {
            Codes = golden.GetProperty("codes").GetInt32(),
            Dimensions = golden.GetProperty("dimensions").GetInt32(),
            CodesPerPosition = golden.GetProperty("codes_per_position").GetInt32(),
            SeparateCodebooks = golden.GetProperty("separate").GetBoolean(),
            Learning = learning,
            InitializeFromData = false,
            RestartEverySteps = 0,
            CommitmentCost = golden.GetProperty("beta").GetDouble(),
            Decay = golden.GetProperty("decay").GetDouble(),
            Smoothing = golden.GetProperty("smoothing").GetDouble(),
        }, seed: 1);
        Dictionary<string, Tensor> state = quantizer.state_dict();
        using (no_grad())
        {
            state["codebook"].copy_(tensor(Numbers("codebook")).view(state["codebook"].shape));
            state["sums"].copy_(state["codebook"]);
        }

        Tensor encodings = tensor(Numbers("encodings")).view(shape).requires_grad_();
        Tensor outputWeight = tensor(Numbers("output_weight")).view(shape);
        QuantizationResult result = null!;
        for (int step = golden.GetProperty("steps").GetInt32(); step > 0; step--)
            result = quantizer.call(encodings);
        (result.Loss + (result.Quantized * outputWeight).sum()).backward();

        CollectionAssert.AreEqual(golden.GetProperty("indices").Deserialize<long[]>()!, TensorAssert.Longs(result.Indices), name);
        CollectionAssert.AreEqual(shape, result.Quantized.shape);
        TensorAssert.Close(Numbers("quantized"), result.Quantized, Tolerance, "quantized");
        TensorAssert.Close(Numbers("tally"), result.Counts, 0, "counts of the batch");
        Assert.AreEqual(golden.GetProperty("codebook_loss").GetDouble(), result.CodebookLoss.item<float>(), Tolerance);
        Assert.AreEqual(golden.GetProperty("commitment_loss").GetDouble(), result.CommitmentLoss.item<float>(), Tolerance);
        Assert.AreEqual(golden.GetProperty("loss").GetDouble(), result.Loss.item<float>(), Tolerance);
        TensorAssert.Close(Numbers("encodings_gradient"), encodings.grad!, Tolerance, "gradient of the encodings");
        TensorAssert.Close(Numbers("counts_after"), state["counts"], Tolerance, "counts");
        if (learning == CodebookLearning.Gradient)
        {
            TensorAssert.Close(Numbers("codebook_gradient"), state["codebook"].grad!, Tolerance, "gradient of the codebook");
        }
        else
        {
            Assert.AreEqual(0, quantizer.parameters().Count(), "a moving-average codebook is no parameter");
            TensorAssert.Close(Numbers("sums_after"), state["sums"], Tolerance, "sums");
            TensorAssert.Close(Numbers("codebook_after"), state["codebook"], Tolerance, "codebook");
        }
    }
}
