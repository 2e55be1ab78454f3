using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests;

/// <summary>Comparing tensors with numbers and with each other.</summary>
internal static class TensorAssert
{
    public static float[] Floats(Tensor tensor)
    {
        using Tensor plain = tensor.detach().cpu().contiguous();
        return MemoryMarshal.Cast<byte, float>(plain.bytes).ToArray();
    }

    public static long[] Longs(Tensor tensor)
    {
        using Tensor plain = tensor.detach().cpu().contiguous();
        return MemoryMarshal.Cast<byte, long>(plain.bytes).ToArray();
    }

    /// <summary>The numbers in the order of the shape, whatever that in memory.</summary>
    public static byte[] Bytes(Tensor tensor)
    {
        using Tensor plain = tensor.detach().contiguous();
        return plain.bytes.ToArray();
    }

    /// <summary>Each number within tolerance · max(1, |expected|).</summary>
    public static void Close(float[] expected, Tensor actual, double tolerance, string what)
    {
        float[] found = Floats(actual);
        Assert.HasCount(expected.Length, found, $"{what}: count");
        for (int i = 0; i < found.Length; i++)
        {
            double allowed = tolerance * Math.Max(1, Math.Abs(expected[i]));
            if (!(Math.Abs(expected[i] - found[i]) <= allowed))
                Assert.Fail($"{what}[{i}]: expected {expected[i]:G9}, found {found[i]:G9}.");
        }
    }

    /// <summary>Each number within the same distance, which must be more than 0.</summary>
    public static void Within(float[] expected, Tensor actual, double allowed, string what)
    {
        Assert.IsGreaterThan(0.0, allowed, $"{what}: only zeros are expected.");
        float[] found = Floats(actual);
        Assert.HasCount(expected.Length, found, $"{what}: count");
        for (int i = 0; i < found.Length; i++)
        {
            if (!(Math.Abs(expected[i] - found[i]) <= allowed))
                Assert.Fail($"{what}[{i}]: expected {expected[i]:G9} ± {allowed:G2}, found {found[i]:G9}.");
        }
    }

    /// <summary>Each number within a part of the largest one, or of 1 if that is larger; of any type.</summary>
    public static void WithinPart(Tensor expected, Tensor actual, double part, string what)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape, $"{what}: shape");
        float[] numbers = Floats(expected.to(ScalarType.Float32));
        Within(numbers, actual.to(ScalarType.Float32), part * Math.Max(1, numbers.Select(Math.Abs).DefaultIfEmpty().Max()), what);
    }

    public static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape, $"{what}: shape");
        Close(Floats(expected), actual, tolerance, what);
    }

    /// <summary>Bit for bit.</summary>
    public static void Same(Tensor expected, Tensor actual, string what)
    {
        CollectionAssert.AreEqual(expected.shape, actual.shape, $"{what}: shape");
        using Tensor left = expected.detach().contiguous();
        using Tensor right = actual.detach().contiguous();
        Assert.IsTrue(left.bytes.SequenceEqual(right.bytes), $"{what}: values differ");
    }

    /// <summary>Copies of a module's whole state.</summary>
    public static Dictionary<string, Tensor> Snapshot(nn.Module module) =>
        module.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());
}
