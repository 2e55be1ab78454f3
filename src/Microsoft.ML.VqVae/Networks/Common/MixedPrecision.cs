using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The convolutions and matrix products of the networks, in Single, or in BFloat16 within <see cref="BFloat16"/> (mixed precision,
/// Micikevicius et al. 2017, arXiv 1710.03740, and Kalamkar et al. 2019, arXiv 1905.12322).
/// </summary>
/// <remarks>
/// Weights are Single always: each product converts its own, so that gradients reach the optimizer in Single. A product in BFloat16 stays
/// in BFloat16, and so do activations and sums of two such values; libtorch's sum of a BFloat16 and a Single is Single. What a network
/// hands to a quantizer, a softmax or a loss, it converts by <see cref="Single"/>.
/// </remarks>
internal static class MixedPrecision
{
    [ThreadStatic]
    static bool _reduced;

    /// <summary>Lets the products of this thread be computed in BFloat16 until the result is disposed. Gradients of these products are
    /// computed in BFloat16 too, wherever the backward pass runs.</summary>
    public static IDisposable BFloat16()
    {
        var former = new Restore(_reduced);
        _reduced = true;
        return former;
    }

    /// <summary>The output of a layer.</summary>
    public static Tensor Apply(this Convolution layer, Tensor input)
    {
        if (!_reduced)
            return layer.call(input);
        (Tensor values, Tensor weight, Tensor bias) = (Operand(input), Operand(layer.weight), Operand(layer.bias!));
        return layer switch
        {
            Conv1d => nn.functional.conv1d(values, weight, bias, layer.stride[0], layer.padding![0], layer.dilation[0]),
            Conv2d => nn.functional.conv2d(values, weight, bias, layer.stride, layer.padding!, layer.dilation),
            ConvTranspose1d => nn.functional.conv_transpose1d(values, weight, bias, layer.stride[0], layer.padding![0]),
            ConvTranspose2d => nn.functional.conv_transpose2d(values, weight, bias, layer.stride, layer.padding!),
            _ => throw new NotSupportedException($"There is no {layer.GetType().Name} in mixed precision."),
        };
    }

    /// <inheritdoc cref="Apply(Convolution, Tensor)"/>
    public static Tensor Apply(this Linear layer, Tensor input) =>
        _reduced ? nn.functional.linear(Operand(input), Operand(layer.weight), Operand(layer.bias!)) : layer.call(input);

    /// <summary>The convolution [B, C, H, W] with a kernel of its own, without bias.</summary>
    public static Tensor Convolve(this Tensor input, Tensor kernel, int padding) =>
        nn.functional.conv2d(Operand(input), Operand(kernel), null, [1, 1], [padding, padding]);

    /// <summary>The values in the precision of products, for values that several of them share.</summary>
    public static Tensor Operand(this Tensor values) => _reduced ? As(values, ScalarType.BFloat16) : values;

    /// <summary>left · right, of matrices or of a batch of rows and a matrix.</summary>
    public static Tensor Product(this Tensor left, Tensor right) =>
        left.Dimensions == 2 ? Operand(left).mm(Operand(right)) : Operand(left).matmul(Operand(right));

    /// <summary>bias + left · right, of matrices and a bias of each column.</summary>
    public static Tensor Product(this Tensor left, Tensor right, Tensor bias) =>
        addmm(Operand(bias), Operand(left), Operand(right), 1, 1);

    /// <summary>sum + left · right, in place, in the precision of the sum.</summary>
    public static Tensor AddProduct_(this Tensor sum, Tensor left, Tensor right) =>
        _reduced && sum.dtype == ScalarType.Float32 ? sum.Add_(left.Product(right)) : sum.addmm_(Operand(left), Operand(right));

    /// <summary>The values in Single.</summary>
    public static Tensor Single(this Tensor values) => As(values, ScalarType.Float32);

    /// <summary>The values in the precision of others.</summary>
    public static Tensor As(this Tensor values, Tensor others) => As(values, others.dtype);

    static Tensor As(Tensor values, ScalarType type) => values.dtype == type ? values : values.to(type);

    sealed class Restore(bool former) : IDisposable
    {
        public void Dispose() => _reduced = former;
    }
}
