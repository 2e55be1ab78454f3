using Microsoft.ML.VqVae.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Baselines;

/// <summary>Images of 2×2 grey pixels with a single position of latents: small enough to go through all that the latents can be.</summary>
internal static class TinyImages
{
    public static ImageCodecOptions Codec(PixelLikelihood likelihood = PixelLikelihood.DiscretizedLogistic) => new()
    {
        Height = 2, Width = 2, Channels = 1, HiddenChannels = 6, ResidualChannels = 4, ResidualBlocks = 1, Downsamplings = 1,
        PixelLikelihood = likelihood,
    };

    public static Tensor Images(int count) => tensor(
        [.. Enumerable.Range(0, count * 4).Select(i => (float)(37 * i * i % 256))]).view(count, 1, 2, 2);

    /// <summary>Weights large enough that latents make a difference.</summary>
    public static void Enlarge(nn.Module module, double factor)
    {
        using IDisposable withoutGradients = no_grad();
        foreach (Parameter parameter in module.parameters())
            parameter.mul_(factor);
    }

    public static Dictionary<string, float[]> Gradients(nn.Module module) => module.named_parameters().ToDictionary(
        entry => entry.name, entry => entry.parameter.grad is { } gradient ? TensorAssert.Floats(gradient) : []);

    /// <summary>Each gradient within a share of the largest of its tensor, or of a thousandth of the largest of all.</summary>
    public static void SameGradients(Dictionary<string, float[]> expected, Dictionary<string, float[]> found, double tolerance)
    {
        double all = expected.Values.SelectMany(values => values).Max(Math.Abs);
        foreach ((string? name, float[]? values) in expected)
        {
            Assert.HasCount(values.Length, found[name], name);
            double scale = Math.Max(values.Select(Math.Abs).DefaultIfEmpty(0).Max(), 1e-3 * all);
            for (int i = 0; i < values.Length; i++)
                Assert.AreEqual(values[i], found[name][i], tolerance * scale, $"{name}[{i}]");
        }
    }
}
