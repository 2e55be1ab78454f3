using System.Numerics;

namespace Microsoft.ML.VqVae;

/// <summary>Finds NaN and infinities.</summary>
internal static class Finite
{
    /// <summary>The index of the first value that is no finite number, or -1.</summary>
    public static int IndexOfOther(ReadOnlySpan<float> values)
    {
        // x * 0 is 0 for every finite x and NaN for the others, and a NaN stays in the sum.
        Vector<float> sum = Vector<float>.Zero;
        int index = 0;
        for (; index <= values.Length - Vector<float>.Count; index += Vector<float>.Count)
            sum += new Vector<float>(values[index..]) * Vector<float>.Zero;
        float rest = Vector.Sum(sum);
        for (; index < values.Length; index++)
            rest += values[index] * 0;
        if (rest == 0)
            return -1;
        for (index = 0; float.IsFinite(values[index]); index++) { }
        return index;
    }
}
