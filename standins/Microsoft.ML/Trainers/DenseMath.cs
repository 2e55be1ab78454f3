using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Trainers;

/// <summary>
/// The few operations on dense float vectors that the minimizer is made of, as wide as the processor allows. Sums are kept in double.
/// </summary>
internal static class DenseMath
{
    // Lanes of float sums are emptied into a double this often, so that long sums keep their precision.
    private const int Block = 4096;

    internal static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int start = 0; start < a.Length; start += Block)
        {
            int length = Math.Min(Block, a.Length - start);
            sum += BlockDot(a.Slice(start, length), b.Slice(start, length));
        }
        return sum;
    }

    private static float BlockDot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var va = MemoryMarshal.Cast<float, Vector<float>>(a);
        var vb = MemoryMarshal.Cast<float, Vector<float>>(b);
        var lanes = Vector<float>.Zero;
        for (int i = 0; i < va.Length; i++) lanes += va[i] * vb[i];
        float sum = Vector.Sum(lanes);
        for (int i = va.Length * Vector<float>.Count; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>target += scale · source</summary>
    internal static void AddScaled(Span<float> target, float scale, ReadOnlySpan<float> source) => AddScaled(target, target, scale, source);

    /// <summary>result = first + scale · second</summary>
    internal static void AddScaled(Span<float> result, ReadOnlySpan<float> first, float scale, ReadOnlySpan<float> second)
    {
        var vr = MemoryMarshal.Cast<float, Vector<float>>(result);
        var vf = MemoryMarshal.Cast<float, Vector<float>>(first);
        var vs = MemoryMarshal.Cast<float, Vector<float>>(second);
        for (int i = 0; i < vr.Length; i++) vr[i] = vf[i] + vs[i] * scale;
        for (int i = vr.Length * Vector<float>.Count; i < result.Length; i++) result[i] = first[i] + scale * second[i];
    }

    internal static void Scale(Span<float> target, float scale)
    {
        var vt = MemoryMarshal.Cast<float, Vector<float>>(target);
        for (int i = 0; i < vt.Length; i++) vt[i] *= scale;
        for (int i = vt.Length * Vector<float>.Count; i < target.Length; i++) target[i] *= scale;
    }
}
