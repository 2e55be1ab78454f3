using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Random numbers that depend only on a seed and a stream number. Each use makes a generator of its own, so torch's global generator
/// is never touched, and there is no generator state to save: the numbers of step t follow from (seed, t).
/// </summary>
internal static class SeededRandom
{
    /// <summary>A CPU generator; draw on the CPU and move the numbers, so that every device sees the same ones.</summary>
    public static Generator CreateGenerator(int seed, long stream) =>
        new(Mix(unchecked((ulong)(uint)seed * 0x9E3779B97F4A7C15 + (ulong)stream)));

    /// <summary>Fills <paramref name="numbers"/> with multiples of 2⁻²³ in [0, 1): number i depends only on (seed, stream, i).</summary>
    public static void Uniforms(int seed, long stream, Span<float> numbers)
    {
        ulong start = Mix(unchecked(Mix((uint)seed) + (ulong)stream));
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = (Mix(unchecked(start + (ulong)i * 0x9E3779B97F4A7C15)) >> 41) * (1f / (1 << 23));
    }

    // The finalizer of SplitMix64: neighboring seeds and steps give unrelated generators.
    static ulong Mix(ulong x)
    {
        unchecked
        {
            x += 0x9E3779B97F4A7C15;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return x ^ (x >> 31);
        }
    }
}
