using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Operations of tensors with numbers, under PyTorch's names, during which the numbers stay alive.</summary>
/// <remarks>
/// TorchSharp passes a number as a <see cref="Scalar"/>, whose native memory its finalizer frees. In <c>tensor * 0.5</c> nothing refers to
/// the scalar while libtorch works: a garbage collection that another thread causes at that moment frees what libtorch reads. The same
/// holds where TorchSharp makes the scalar itself, as the factor 1 of <c>a + b</c> and the exponent of <c>a.square()</c>. A test finds
/// such calls in the compiled library. The scalars that these methods take, each made of a number for the call, are disposed by them.
/// </remarks>
internal static class TensorArithmetic
{
    static readonly Scalar _zero = 0, _one = 1, _two = 2;

    /// <summary>0 … count − 1, Int64 [count].</summary>
    public static Tensor Arange(long count, Device? device = null)
    {
        using Scalar end = count;
        return arange(_zero, end, _one, ScalarType.Int64, device);
    }

    public static Tensor Add(this Tensor left, Tensor right) => left.add(right, _one);

    public static Tensor Add_(this Tensor left, Tensor right) => left.add_(right, _one);

    /// <summary>left + factor · right, in place.</summary>
    public static Tensor Add_(this Tensor left, Tensor right, Scalar factor)
    {
        using (factor)
            return left.add_(right, factor);
    }

    /// <summary>left + factor · first · second, in place.</summary>
    public static Tensor Addcmul_(this Tensor left, Tensor first, Tensor second, Scalar factor)
    {
        using (factor)
            return left.addcmul_(first, second, factor);
    }

    /// <summary>left + factor · numerator / denominator, in place.</summary>
    public static Tensor Addcdiv_(this Tensor left, Tensor numerator, Tensor denominator, Scalar factor)
    {
        using (factor)
            return left.addcdiv_(numerator, denominator, factor);
    }

    public static Tensor IndexAdd_(this Tensor left, long dim, Tensor indices, Tensor right) => left.index_add_(dim, indices, right, _one);

    public static Tensor Square(this Tensor tensor) => tensor.pow(_two);

    public static Tensor Clamp(this Tensor tensor, Scalar min, Scalar max)
    {
        using (min)
        using (max)
            return tensor.clamp(min, max);
    }

    public static Tensor ClampMin(this Tensor tensor, Scalar min)
    {
        using (min)
            return tensor.clamp(min: min);
    }

    public static Tensor ClampMax(this Tensor tensor, Scalar max)
    {
        using (max)
            return tensor.clamp(max: max);
    }

    public static Tensor Add(this Tensor left, Scalar right)
    {
        using (right)
            return left.add(right, _one);
    }

    public static Tensor Add_(this Tensor left, Scalar right)
    {
        using (right)
            return left.add_(right, _one);
    }

    public static Tensor Sub(this Tensor left, Scalar right)
    {
        using (right)
            return left.sub(right);
    }

    public static Tensor Mul(this Tensor left, Scalar right)
    {
        using (right)
            return left.mul(right);
    }

    public static Tensor Mul_(this Tensor left, Scalar right)
    {
        using (right)
            return left.mul_(right);
    }

    public static Tensor Div(this Tensor left, Scalar right)
    {
        using (right)
            return left.div(right);
    }

    public static Tensor Div_(this Tensor left, Scalar right)
    {
        using (right)
            return left.div_(right);
    }

    /// <summary>⌊left / right⌋.</summary>
    public static Tensor DivFloor(this Tensor left, Scalar right)
    {
        using (right)
            return left.div(right, RoundingMode.floor);
    }

    public static Tensor Remainder(this Tensor left, Scalar right)
    {
        using (right)
            return left.remainder(right);
    }

    public static Tensor Fill_(this Tensor left, Scalar right)
    {
        using (right)
            return left.fill_(right);
    }

    public static Tensor Lt(this Tensor left, Scalar right)
    {
        using (right)
            return left.lt(right);
    }

    public static Tensor Gt(this Tensor left, Scalar right)
    {
        using (right)
            return left.gt(right);
    }

    public static Tensor Ge(this Tensor left, Scalar right)
    {
        using (right)
            return left.ge(right);
    }

    public static Tensor Eq(this Tensor left, Scalar right)
    {
        using (right)
            return left.eq(right);
    }
}
