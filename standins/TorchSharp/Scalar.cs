using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>A number with a type, as operators take them beside tensors.</summary>
public sealed class Scalar : IDisposable
{
    /// <summary>The 64 bits of a long, or of a double where IsFloating.</summary>
    internal readonly long Bits;

    Scalar(ScalarType type, long bits) => (Type, Bits) = (type, bits);
    Scalar(ScalarType type, double value) => (Type, Bits) = (type, BitConverter.DoubleToInt64Bits(value));

    internal static Scalar From(Native.Slot slot) => slot.Kind switch
    {
        (int)Value.Kind.Double => new(ScalarType.Float64, slot.Bits),
        (int)Value.Kind.Bool => new(ScalarType.Bool, slot.Bits),
        _ => new(ScalarType.Int64, slot.Bits),
    };

    public ScalarType Type { get; }
    internal bool IsFloating => is_floating_point(Type);
    internal double AsDouble => IsFloating ? BitConverter.Int64BitsToDouble(Bits) : Bits;
    internal long AsLong => IsFloating ? (long)BitConverter.Int64BitsToDouble(Bits) : Bits;

    public static implicit operator Scalar(int value) => new(ScalarType.Int32, (long)value);
    public static implicit operator Scalar(long value) => new(ScalarType.Int64, value);
    public static implicit operator Scalar(float value) => new(ScalarType.Float32, (double)value);
    public static implicit operator Scalar(double value) => new(ScalarType.Float64, value);

    /// <summary>Nothing to free here; callers dispose of the real one.</summary>
    public void Dispose() { }
}

public static class ScalarExtensionMethods
{
    public static long ToInt64(this Scalar value) => value.AsLong;
}
