using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests;

/// <summary>A part of a file of golden values, and the formula by which its script made weights and inputs.</summary>
internal sealed class GoldenFile(JsonElement values)
{
    public static GoldenFile Open(string name, string part)
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", name));
        return new(JsonSerializer.Deserialize<JsonElement>(file).GetProperty(part));
    }

    public int Whole(string property) => values.GetProperty(property).GetInt32();

    public float Number(string property) => values.GetProperty(property).GetSingle();

    public float[] Numbers(string property) => values.GetProperty(property).Deserialize<float[]>()!;

    public Tensor Wholes(string property, params long[] shape) =>
        tensor(values.GetProperty(property).Deserialize<long[]>()!).view(shape);

    public static Tensor Make(string name, long[] shape, double scale)
    {
        int phase = name.Select((letter, place) => letter * (place + 1)).Sum() % 1000;
        int count = (int)shape.Aggregate(1L, (a, b) => a * b);
        return tensor(Enumerable.Range(0, count)
            .Select(i => (float)(scale * Math.Sin(0.37 * phase + 1.9 * i + 0.011 * i * i))).ToArray()).view(shape);
    }

    /// <summary>Gives a network the script's weights.</summary>
    public static void FillIn(nn.Module network, double scale)
    {
        using IDisposable withoutGradients = no_grad();
        foreach ((string? name, TorchSharp.Modules.Parameter? parameter) in network.named_parameters())
            parameter.copy_(Make(name, parameter.shape, scale));
    }

    /// <summary>The gradients are those of the file, which names all parameters and no others. Allowed is a share of the largest number of
    /// each gradient: what is small beside 1 everywhere must be right as well.</summary>
    /// <param name="network">The network, after a backward pass.</param>
    /// <param name="tolerance">The share.</param>
    /// <param name="summedOverFirstAxis">Parameters whose gradients the file has as sums over the first axis, each row times the sine of its
    /// number.</param>
    public void CheckGradients(nn.Module network, double tolerance, params string[] summedOverFirstAxis)
    {
        CompareGradients(network, tolerance, summedOverFirstAxis);
        // And it can fail: without the gradient of any one parameter it does.
        foreach ((string? name, TorchSharp.Modules.Parameter? parameter) in network.named_parameters())
        {
            using Tensor kept = parameter.grad!.clone();
            parameter.grad!.zero_();
            Assert.ThrowsExactly<AssertFailedException>(() => CompareGradients(network, tolerance, summedOverFirstAxis), name);
            parameter.grad!.copy_(kept);
        }
    }

    void CompareGradients(nn.Module network, double tolerance, string[] summedOverFirstAxis)
    {
        JsonElement gradients = values.GetProperty("gradients");
        CollectionAssert.AreEquivalent(
            gradients.EnumerateObject().Select(entry => entry.Name).ToArray(), network.named_parameters().Select(p => p.name).ToArray());
        foreach ((string? name, TorchSharp.Modules.Parameter? parameter) in network.named_parameters())
        {
            Tensor gradient = parameter.grad!;
            if (summedOverFirstAxis.Contains(name))
                gradient = arange(gradient.shape[0], ScalarType.Float32).sin().matmul(gradient);
            float[] expected = gradients.GetProperty(name).Deserialize<float[]>()!;
            TensorAssert.Within(expected, gradient, tolerance * expected.Max(Math.Abs), $"gradient of {name}");
        }
    }
}
