using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Checks of the tensors that callers pass to a network, with messages that state the expected and the actual type and
/// shape.</summary>
internal static class TensorChecks
{
    /// <summary>In an expected shape: a dimension of any size.</summary>
    public const long Any = -1;

    /// <summary>In an expected shape: a dimension of at least this size.</summary>
    public static long AtLeast(long size) => ~size;

    /// <summary>Checks type and shape.</summary>
    /// <param name="given">The tensor.</param>
    /// <param name="type">The expected type.</param>
    /// <param name="sizes">The expected shape.</param>
    /// <param name="what">The name of the values in the message, such as "Codes".</param>
    /// <param name="parameter">The parameter of the caller.</param>
    /// <param name="expected">The expected shape in words, such as "[batch, 12]"; null for the numbers of <paramref name="sizes"/>.</param>
    /// <exception cref="ArgumentException">The tensor has another type or shape.</exception>
    public static void Shape(
        Tensor given, ScalarType type, ReadOnlySpan<long> sizes, string what, string parameter, string? expected = null)
    {
        ArgumentNullException.ThrowIfNull(given, parameter);
        if (given.dtype != type || !Fits(given.shape, sizes))
            throw Mismatch(given, type, expected ?? Text(sizes), what, parameter);
    }

    /// <summary>Checks that there is one Int64 for each row.</summary>
    /// <exception cref="ArgumentException">The tensor has another type or shape.</exception>
    public static void OnePerRow(Tensor given, long rows, string what, string parameter)
    {
        ArgumentNullException.ThrowIfNull(given, parameter);
        if (given.dtype != ScalarType.Int64 || !Fits(given.shape, [rows]))
            throw Mismatch(given, ScalarType.Int64, $"[{rows}], one a row", what, parameter);
    }

    /// <summary>Checks the range of integers, on the CPU only: on a GPU the host would have to wait for the answer.</summary>
    /// <exception cref="ArgumentException">A value is below <paramref name="min"/> or above <paramref name="max"/>.</exception>
    public static void Range(Tensor given, long min, long max, string what, string parameter)
    {
        if (given.device_type != DeviceType.CPU || given.numel() == 0)
            return;
        using DisposeScope scope = NewDisposeScope();
        long smallest = given.min().item<long>(), largest = given.max().item<long>();
        if (smallest < min || largest > max)
            throw new ArgumentException($"{what} must be within {min} … {max}, but reach from {smallest} to {largest}.", parameter);
    }

    /// <summary>Whether a shape is the expected one.</summary>
    public static bool Fits(ReadOnlySpan<long> shape, ReadOnlySpan<long> sizes)
    {
        if (shape.Length != sizes.Length)
            return false;
        for (int i = 0; i < shape.Length; i++)
        {
            if (sizes[i] < 0 ? shape[i] < ~sizes[i] : shape[i] != sizes[i])
                return false;
        }
        return true;
    }

    /// <summary>The exception for a tensor of another type or shape.</summary>
    public static ArgumentException Mismatch(Tensor given, ScalarType type, string expected, string what, string parameter) =>
        new($"{what} must be {type} {expected}, but are {given.dtype} {Text(given.shape)}.", parameter);

    static string Text(ReadOnlySpan<long> sizes)
    {
        var texts = new List<string>(sizes.Length);
        foreach (long size in sizes)
            texts.Add(size switch { Any => "any", < 0 => $"{~size} or more", _ => $"{size}" });
        return $"[{string.Join(", ", texts)}]";
    }
}
