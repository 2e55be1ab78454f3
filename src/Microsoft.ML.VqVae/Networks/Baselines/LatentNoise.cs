using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The random numbers that latents are drawn with: by seed and step in training, and elsewhere the same ones for every image and
/// every model, so that what a row gets depends on neither its neighbours in a batch nor on how the model came to be.</summary>
internal static class LatentNoise
{
    // Far from the steps, which count up from 0, and from the streams of first weights.
    const long Streams = long.MinValue;

    /// <summary>A generator for the numbers of a step; of null for those outside of training.</summary>
    public static Generator Generator(int seed, long? step) =>
        step is { } number ? SeededRandom.CreateGenerator(seed, Streams + 1 + number) : SeededRandom.CreateGenerator(0, Streams);
}
