using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Elementwise functions over whole vectors of numbers; in memory, they are aligned.</summary>
internal static unsafe class VectorFunctions
{
    /// <summary>to += from.</summary>
    public static void Add(float* from, float* to, int count)
    {
        for (int i = 0; i < count; i += Vector<float>.Count)
            (Vector.LoadAligned(to + i) + Vector.LoadAligned(from + i)).StoreAligned(to + i);
    }

    /// <summary>to = max(0, from).</summary>
    public static void Positive(float* from, float* to, int count)
    {
        for (int i = 0; i < count; i += Vector<float>.Count)
            Vector.Max(Vector<float>.Zero, Vector.LoadAligned(from + i)).StoreAligned(to + i);
    }

    /// <summary>result = tanh(filter) · σ(gate).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GatedUnit(float* filter, float* gate, float* result, int count)
    {
        for (int i = 0; i < count; i += Vector<float>.Count)
            GatedUnit(Vector.LoadAligned(filter + i), Vector.LoadAligned(gate + i)).StoreAligned(result + i);
    }

    /// <summary>tanh(filter) · σ(gate), as (1 − e^−2f) / ((1 + e^−2f)(1 + e^−g)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> GatedUnit(Vector<float> filter, Vector<float> gate)
    {
        (Vector<float> one, Vector<float> f, Vector<float> g) = (Vector<float>.One, Exp(-2 * filter), Exp(-gate));
        return (one - f) / ((one + f) * (one + g));
    }

    /// <summary>The gradients of filter and gate in tanh(filter) · σ(gate), from that of the product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (Vector<float> OfFilter, Vector<float> OfGate) GatedUnitGradients(
        Vector<float> filter, Vector<float> gate, Vector<float> ofUnit)
    {
        (Vector<float> one, Vector<float> f, Vector<float> g) = (Vector<float>.One, Exp(-2 * filter), Exp(-gate));
        // One division for tanh = (1 − e^−2f) / (1 + e^−2f) and σ = 1 / (1 + e^−g).
        Vector<float> inverse = one / ((one + f) * (one + g));
        (Vector<float> tanh, Vector<float> sigmoid) = ((one - f) * (one + g) * inverse, (one + f) * inverse);
        Vector<float> ofTanh = ofUnit * sigmoid;
        return (ofTanh * (one - tanh * tanh), ofTanh * tanh * (one - sigmoid));
    }

    /// <summary>e^x for each of a vector's numbers, held within ±30, beyond which neither tanh nor σ changes in single precision; to a few
    /// units of the last place.</summary>
    /// <remarks>x = n·ln 2 + r with n whole and |r| ≤ ln 2 / 2; e^r by its Taylor polynomial; 2ⁿ by the bits of the exponent. It takes half
    /// as long as <see cref="Vector.Exp(Vector{float})"/>, which computes in double precision.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        const float HighPartOfLn2 = 0.693359375f;
        const float LowPartOfLn2 = -2.12194440e-4f;
        x = Vector.Min(Vector.Max(x, new Vector<float>(-30)), new Vector<float>(30));
        // Adding 1.5 · 2²³ leaves the whole number in the lowest bits.
        var shifter = new Vector<float>(12582912f);
        var shifted = Vector.MultiplyAddEstimate(x, new Vector<float>(1.44269504f), shifter);
        Vector<float> whole = shifted - shifter;
        var r = Vector.MultiplyAddEstimate(whole, new Vector<float>(-HighPartOfLn2), x);
        r = Vector.MultiplyAddEstimate(whole, new Vector<float>(-LowPartOfLn2), r);
        var sum = new Vector<float>(1f / 720);
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(1f / 120));
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(1f / 24));
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(1f / 6));
        sum = Vector.MultiplyAddEstimate(sum, r, new Vector<float>(0.5f));
        sum = Vector.MultiplyAddEstimate(sum, r, Vector<float>.One);
        sum = Vector.MultiplyAddEstimate(sum, r, Vector<float>.One);
        Vector<int> power = Vector.AsVectorInt32(shifted) << 23;
        return Vector.AsVectorSingle(Vector.AsVectorInt32(sum) + power);
    }
}

/// <summary>Chooses symbols from their logits with given random numbers, without tensors.</summary>
internal sealed unsafe class SymbolChoice(int symbols, double temperature)
{
    /// <summary>Divided by less, logits would be infinite. The most likely symbol is certain long before.</summary>
    public const double LowestTemperature = 1e-30;

    readonly AlignedFloats weights = new(symbols + Vector<float>.Count);

    /// <summary>Inverse-CDF sampling: the first symbol whose cumulative probability exceeds <paramref name="uniform"/>, a number in [0, 1);
    /// the most likely symbol at temperature 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Choose(ReadOnlySpan<float> logits, float uniform)
    {
        float largest = float.NegativeInfinity;
        int mostLikely = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            if (logits[i] > largest)
                (largest, mostLikely) = (logits[i], i);
        }
        if (temperature == 0)
            return mostLikely;
        logits.CopyTo(weights.Span);
        var scale = new Vector<float>((float)(1 / Math.Max(temperature, LowestTemperature)));
        for (int i = 0; i < symbols; i += Vector<float>.Count)
        {
            float* at = weights.Start + i;
            VectorFunctions.Exp((Vector.LoadAligned(at) - new Vector<float>(largest)) * scale).StoreAligned(at);
        }
        float total = 0f;
        foreach (ref float weight in weights.Span[..symbols])
            weight = total += weight;
        float target = uniform * total;
        for (int i = 0; i < symbols; i++)
        {
            if (weights.Start[i] > target)
                return i;
        }
        return mostLikely;
    }
}
