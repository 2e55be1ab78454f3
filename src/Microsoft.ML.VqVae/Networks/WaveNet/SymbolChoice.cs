using System.Numerics;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Chooses symbols from their logits with given random numbers, without tensors.</summary>
internal sealed unsafe class SymbolChoice(int symbols, double temperature)
{
    readonly AlignedFloats weights = new(symbols + Vector<float>.Count);

    /// <summary>The first symbol whose cumulated probability exceeds <paramref name="uniform"/>, a number in [0, 1); at temperature 0 the
    /// likeliest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Choose(ReadOnlySpan<float> logits, float uniform)
    {
        var greatest = float.NegativeInfinity;
        var likeliest = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (logits[i] > greatest)
                (greatest, likeliest) = (logits[i], i);
        }
        if (temperature == 0)
            return likeliest;
        logits.CopyTo(weights.Span);
        var scale = new Vector<float>((float)(1 / temperature));
        for (var i = 0; i < symbols; i += Vector<float>.Count)
        {
            var at = weights.Start + i;
            VectorFunctions.Exp((Vector.LoadAligned(at) - new Vector<float>(greatest)) * scale).StoreAligned(at);
        }
        var total = 0f;
        foreach (ref var weight in weights.Span[..symbols])
            weight = total += weight;
        var target = uniform * total;
        for (var i = 0; i < symbols; i++)
        {
            if (weights.Start[i] > target)
                return i;
        }
        return likeliest;
    }
}
