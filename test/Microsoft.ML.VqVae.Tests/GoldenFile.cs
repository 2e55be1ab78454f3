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

    /// <summary>The gradients are those of the file, which names all parameters and no others.</summary>
    public void CheckGradients(nn.Module network, double tolerance, params string[] summedOverFirstAxis)
    {
        JsonElement gradients = values.GetProperty("gradients");
        CollectionAssert.AreEquivalent(
            gradients.EnumerateObject().Select(entry => entry.Name).ToArray(), network.named_parameters().Select(p => p.name).ToArray());
        foreach ((string? name, TorchSharp.Modules.Parameter? parameter) in network.named_parameters())
        {
            Tensor gradient = summedOverFirstAxis.Contains(name) ? parameter.grad!.sum([0L]) : parameter.grad!;
            TensorAssert.Close(gradients.GetProperty(name).Deserialize<float[]>()!, gradient, tolerance, $"gradient of {name}");
        }
    }
}
