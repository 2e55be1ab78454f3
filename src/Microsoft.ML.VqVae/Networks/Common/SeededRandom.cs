using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Random numbers that depend only on a seed and a stream number. Each use makes a generator of its own, so torch's global generator
/// is never touched, and there is no generator state to save: the numbers of step t follow from (seed, t).
/// </summary>
internal static class SeededRandom
{
    /// <summary>The step of SplitMix64 from one state to the next.</summary>
    public const ulong Gamma = 0x9E3779B97F4A7C15;

    /// <summary>A CPU generator; draw on the CPU and move the numbers, so that every device sees the same ones.</summary>
    public static Generator CreateGenerator(int seed, long stream) =>
        new(Mix(unchecked((ulong)(uint)seed * Gamma + (ulong)stream)));

    /// <summary>Fills <paramref name="numbers"/> with multiples of 2⁻²³ in [0, 1): number i depends only on (seed, stream, i).</summary>
    public static void Uniforms(int seed, long stream, Span<float> numbers)
    {
        ulong start = Mix(unchecked(Mix((uint)seed) + (ulong)stream));
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = (Mix(unchecked(start + (ulong)i * Gamma)) >> 41) * (1f / (1 << 23));
    }

    /// <summary>The number of SplitMix64 (Steele, Lea, Flood 2014) that follows a state.</summary>
    public static ulong Mix(ulong state) => Scramble(unchecked(state + Gamma));

    /// <summary>The number of SplitMix64 for a state. Neighboring states give unrelated numbers, the same with every version of
    /// .NET.</summary>
    public static ulong Scramble(ulong x)
    {
        unchecked
        {
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return x ^ (x >> 31);
        }
    }
}
