using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Quantization;

/// <summary>The finite scalar quantizer gives the numbers that test/golden/finite_scalar.py computed with plain NumPy.</summary>
[TestClass]
public sealed class GoldenFiniteScalarTests
{
    const double Tolerance = 1e-5;

    public static IEnumerable<object[]> Cases()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "finite_scalar.json"));
        return JsonSerializer.Deserialize<JsonElement[]>(file)!
            .Select(entry => new object[] { entry.GetProperty("name").GetString()!, entry }).ToArray();
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Bounded_values_codes_and_gradients_agree(string name, object entry)
    {
        var golden = (JsonElement)entry;
        float[] Numbers(string property) => golden.GetProperty(property).Deserialize<float[]>()!;
        long[] shape = golden.GetProperty("shape").Deserialize<long[]>()!;
        using DisposeScope scope = NewDisposeScope();
        using var quantizer = new FiniteScalarQuantizer(new FiniteScalarQuantizerOptions
        {
            Levels = golden.GetProperty("levels").Deserialize<int[]>()!,
            CodesPerPosition = golden.GetProperty("codes_per_position").GetInt32(),
        });
        Tensor encodings = tensor(Numbers("encodings")).view(shape).requires_grad_();
        Tensor weight = tensor(Numbers("output_weight")).view(shape);

        // The bounded values have one row for each code; in the file they lie as the encodings do.
        long[] lastAxisFirst = [0, shape.Length - 1, .. Enumerable.Range(1, shape.Length - 2).Select(axis => (long)axis)];
        Tensor bounded = quantizer.Bound(encodings).view([shape[0], .. shape[2..], shape[1]]).permute(lastAxisFirst);
        TensorAssert.Close(Numbers("bounded"), bounded, Tolerance, "bounded");

        QuantizationResult result = quantizer.call(encodings);
        (result.Loss + (result.Quantized * weight).sum()).backward();
        long[] indices = golden.GetProperty("indices").Deserialize<long[]>()!;
        CollectionAssert.AreEqual(indices, TensorAssert.Longs(result.Indices), name);
        CollectionAssert.AreEqual(indices, TensorAssert.Longs(quantizer.Encode(encodings)), name);
        CollectionAssert.AreEqual(shape, result.Quantized.shape);
        TensorAssert.Close(Numbers("quantized"), result.Quantized, Tolerance, "quantized");
        TensorAssert.Close(Numbers("quantized"), quantizer.Embed(result.Indices), Tolerance, "embedded");
        TensorAssert.Close(Numbers("encodings_gradient"), encodings.grad!, Tolerance, "gradient of the encodings");
        float[] counts = new float[quantizer.CodebookSize];
        foreach (long index in indices)
            counts[index]++;
        CollectionAssert.AreEqual(new long[] { 1, quantizer.CodebookSize }, result.Counts.shape);
        TensorAssert.Close(counts, result.Counts, 0, "counts of the batch");
        Assert.AreEqual(0f, result.Loss.item<float>());
        Assert.AreEqual(0f, result.CodebookLoss.item<float>());
        Assert.AreEqual(0f, result.CommitmentLoss.item<float>());
    }
}
