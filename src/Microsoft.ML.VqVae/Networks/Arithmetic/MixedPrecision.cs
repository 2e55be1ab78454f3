using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
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
    public static Tensor Apply(this Conv2d layer, Tensor input) =>
        Convolution(input, layer.weight, layer.bias, layer.stride, layer.padding!, layer.dilation);

    /// <summary>The output of a layer. The bias is added by itself: within the transposed convolution, its gradient takes longer than those of
    /// input and weight together in BFloat16, and about half as long in Single (oneDNN of libtorch 2.10).</summary>
    public static Tensor Apply(this ConvTranspose2d layer, Tensor input) =>
        TransposedConvolution(input, layer.weight, layer.stride, layer.padding!).Add_(PerChannel(layer.bias!));

    /// <summary>The output of a layer, with channels innermost in memory: libtorch's own convolution over [B, C, T] would reorder its input
    /// and its output.</summary>
    public static Tensor Apply(this Conv1d layer, Tensor input) => Convolution(
        Row(Operand(input)), layer.weight.unsqueeze(2), layer.bias, [1, layer.stride[0]], [0, layer.padding![0]], [1, layer.dilation[0]]).squeeze(2);

    /// <inheritdoc cref="Apply(ConvTranspose2d, Tensor)"/>
    public static Tensor Apply(this ConvTranspose1d layer, Tensor input) => TransposedConvolution(
        Row(Operand(input)), layer.weight.unsqueeze(2), [1, layer.stride[0]], [0, layer.padding![0]]).Add_(PerChannel(layer.bias!)).squeeze(2);

    /// <inheritdoc cref="Apply(Conv2d, Tensor)"/>
    public static Tensor Apply(this Linear layer, Tensor input) => IsFasterByConvolution(input, layer.weight)
        ? ByConvolution(input, layer.weight, layer.bias)
        : nn.functional.linear(Operand(input), Operand(layer.weight), Operand(layer.bias!));

    /// <summary>The dilated convolution of each position and those before it: [B, T, C] → [B, T, O].</summary>
    /// <param name="input">The sequences; zeros are put before them.</param>
    /// <param name="kernel">[O, C, taps], the last tap being the present, as in PyTorch's Conv1d.</param>
    /// <param name="bias">[O], or null.</param>
    /// <param name="dilation">The distance of the taps.</param>
    public static Tensor ConvolveCausally(this Tensor input, Tensor kernel, Tensor? bias, int dilation)
    {
        input = Operand(input);
        // Taps that see only what lies before the start are left out.
        long length = input.size(1), taps = Math.Min(kernel.size(2), 1 + (length - 1) / dilation);
        kernel = kernel.narrow(2, kernel.size(2) - taps, taps);
        if (SlowOperators.IncludeCausalConvolution(input))
            return CausalProducts(input, kernel, bias, dilation);
        Tensor images = nn.functional.pad(input, [0, 0, (taps - 1) * dilation, 0]).unsqueeze(1).permute(0, 3, 1, 2);
        return Convolution(images, kernel.unsqueeze(2), bias, [1, 1], [0, 0], [1, dilation]).squeeze(2).permute(0, 2, 1).contiguous();
    }

    /// <summary><see cref="ConvolveCausally"/> as a sum of products, one for each tap.</summary>
    static Tensor CausalProducts(Tensor input, Tensor kernel, Tensor? bias, int dilation)
    {
        (long taps, long length) = (kernel.size(2), input.size(1));
        Tensor Weights(long back) => Operand(kernel.select(2, taps - 1 - back).t());
        Tensor present = input.flatten(0, 1);
        Tensor sum = bias is null ? present.mm(Weights(0)) : addmm(Operand(bias), present, Weights(0), 1, 1);
        for (long back = 1; back < taps; back++)
        {
            long shift = back * dilation;
            Tensor past = nn.functional.pad(input.narrow(1, 0, length - shift), [0, 0, shift, 0]);
            sum = sum.addmm_(past.flatten(0, 1), Weights(back));
        }
        return sum.view(input.size(0), length, -1);
    }

    /// <summary>The convolution [B, C, H, W] with a kernel of its own, without bias.</summary>
    public static Tensor Convolve(this Tensor input, Tensor kernel, int padding, int stride = 1) =>
        Convolution(input, kernel, null, [stride, stride], [padding, padding], [1, 1]);

    /// <summary>The values in the precision of products, for values that several of them share.</summary>
    public static Tensor Operand(this Tensor values) => _reduced ? As(values, ScalarType.BFloat16) : values;

    /// <summary>left · right, of matrices or of a batch of rows and a matrix.</summary>
    public static Tensor Product(this Tensor left, Tensor right) =>
        IsFasterByConvolution(left, right) ? ByConvolution(left, right.t(), null)
        : left.Dimensions == 2 ? Operand(left).mm(Operand(right)) : Operand(left).matmul(Operand(right));

    /// <summary>bias + left · right, of matrices and a bias of each column.</summary>
    public static Tensor Product(this Tensor left, Tensor right, Tensor bias) =>
        IsFasterByConvolution(left, right) ? ByConvolution(left, right.t(), bias)
        : addmm(Operand(bias), Operand(left), Operand(right), 1, 1);

    /// <summary>The values that queries find by keys, of positions [B, heads, n, D] (scaled dot-product attention).</summary>
    /// <param name="queries">Those of the positions.</param>
    /// <param name="keys">Of all positions that there are.</param>
    /// <param name="values">Of the same.</param>
    /// <param name="seen">Which of them each position sees, Bool; null where it sees all.</param>
    /// <param name="causal">Whether each position sees itself and earlier ones.</param>
    public static Tensor Attend(Tensor queries, Tensor keys, Tensor values, Tensor? seen, bool causal) =>
        SlowOperators.IsSlow(queries)
            ? nn.functional.scaled_dot_product_attention(Single(queries), Single(keys), Single(values), seen, is_casual: causal)
            : nn.functional.scaled_dot_product_attention(queries, keys, values, seen, is_casual: causal);

    /// <summary>The values in Single where they are in reduced precision. A network of Double, which compresses codes, keeps its own.</summary>
    public static Tensor Single(this Tensor values) => values.dtype == ScalarType.BFloat16 ? values.to(ScalarType.Float32) : values;

    /// <summary>The values in the precision of others.</summary>
    public static Tensor As(this Tensor values, Tensor others) => As(values, others.dtype);

    static Tensor Convolution(Tensor input, Tensor kernel, Tensor? bias, long[] stride, long[] padding, long[] dilation) =>
        SlowOperators.IncludeConvolution(input, kernel, stride, _reduced)
            ? PatchProducts.Convolve(Operand(input), Operand(kernel), bias is null ? null : Operand(bias), stride, padding, dilation)
            : nn.functional.conv2d(Operand(input), Operand(kernel), bias is null ? null : Operand(bias), stride, padding, dilation);

    static Tensor TransposedConvolution(Tensor input, Tensor kernel, long[] stride, long[] padding) =>
        SlowOperators.IncludeConvolution(input, kernel, null, _reduced)
            ? PatchProducts.ConvolveTransposed(Operand(input), Operand(kernel), stride, padding)
            : nn.functional.conv_transpose2d(Operand(input), Operand(kernel), null, stride, padding);

    static bool IsFasterByConvolution(Tensor left, Tensor right) => SlowOperators.IncludeProduct(left, right, _reduced);

    /// <summary>The product of […, inputs] and weights [outputs, inputs] as a convolution of one tap: […, outputs].</summary>
    static Tensor ByConvolution(Tensor values, Tensor weights, Tensor? bias)
    {
        // The rows are the positions of images of one line, channels innermost.
        long rows = values.numel() / values.size(-1), images = rows % SlowOperators.FewestImages == 0 ? SlowOperators.FewestImages : 1;
        Tensor positions = values.contiguous().view(images, 1, -1, values.size(-1)).permute(0, 3, 1, 2);
        return Convolution(positions, weights.unsqueeze(2).unsqueeze(3), bias, [1, 1], [0, 0], [1, 1])
            .permute(0, 2, 3, 1).reshape([.. values.shape[..^1], weights.size(0)]);
    }

    /// <summary>The values of channels, to be added to [B, C, H, W].</summary>
    static Tensor PerChannel(Tensor values) => Operand(values).view(1, -1, 1, 1);

    /// <summary>[B, C, T] as images of one row.</summary>
    static Tensor Row(Tensor values) => values.unsqueeze(2).ChannelsInnermost();

    static Tensor As(Tensor values, ScalarType type) => values.dtype == type ? values : values.to(type);

    sealed class Restore(bool former) : IDisposable
    {
        public void Dispose() => _reduced = former;
    }
}

/// <summary>The order of axes in memory.</summary>
internal static class ImageLayout
{
    /// <summary>The same images [B, C, H, W] or sequences [B, C, T], or kernels for them, with channels as the innermost axis in memory: CPU
    /// convolutions need not reorder such inputs, and their outputs keep the order.</summary>
    public static Tensor ChannelsInnermost(this Tensor images)
    {
        if (images.Dimensions == 3)
            return images.unsqueeze(2).ChannelsInnermost().squeeze(2);
        return images.size(1) == 1
            // A single channel lies where it did, but libtorch tells the order by the strides: that of the channel must be 1.
            ? images.select(1, 0).contiguous().unsqueeze(3).permute(0, 3, 1, 2)
            : images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
    }
}

/// <summary>The devices that compute BFloat16 fast.</summary>
internal static class FastBFloat16
{
    internal static bool IsOn(Device device) => device.type switch
    {
        DeviceType.CPU => IsOnProcessor,
        DeviceType.CUDA => ComputeCapability(device.index) >= 8,
        _ => false,
    };

    // AVX512_BF16 is bit 5 of EAX of leaf 7, subleaf 1; processors with AMX have it too. Avx512F also asks whether the operating system
    // saves the registers.
    static bool IsOnProcessor =>
        !NativeSettings.ConvolutionsAreBelow(ProcessorInstructions.Avx512) && Avx512F.IsSupported
        && (!SlowOperators.Convolutions || SlowOperators.Products)
        && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;

    /// <summary>The major number of the compute capability of a GPU, from the driver, since TorchSharp does not tell; 0 without a
    /// driver.</summary>
    static unsafe int ComputeCapability(int gpu)
    {
        const int computeCapabilityMajor = 75;
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda" : "libcuda.so.1", out nint driver)
            || !NativeLibrary.TryGetExport(driver, "cuInit", out nint initialize)
            || !NativeLibrary.TryGetExport(driver, "cuDeviceGetAttribute", out nint getAttribute))
        {
            return 0;
        }
        int major = 0;
        return ((delegate* unmanaged<uint, int>)initialize)(0) == 0
            && ((delegate* unmanaged<int*, int, int, int>)getAttribute)(&major, computeCapabilityMajor, Math.Max(0, gpu)) == 0 ? major : 0;
    }
}
