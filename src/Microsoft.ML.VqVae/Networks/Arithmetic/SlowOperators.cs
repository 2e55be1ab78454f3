using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The operators of libtorch that are slow on this processor, and replaced by others. Tests set them.</summary>
internal static class SlowOperators
{
    /// <summary>Whether convolutions are slow because oneDNN is limited to less than AVX2, or turned off. Products in Single, by MKL, are not
    /// affected; those in BFloat16 are.</summary>
    internal static bool Convolutions { get; set; } =
        NativeSettings.CachesAreHidden || NativeSettings.ConvolutionsAreBelow(ProcessorInstructions.Avx2);

    /// <summary>Whether oneDNN multiplies faster than MKL, which computes products in Single by AVX2 on processors of AMD (libtorch 2.10), and
    /// can be called for it (<see cref="OneDnn"/>).</summary>
    internal static bool Products { get; set; } = NativeSettings.IsProcessorOfAmd && OneDnn.HasProducts;

    /// <summary>The smallest batch for which libtorch uses oneDNN for a convolution of one tap on a single thread.</summary>
    internal const long FewestImages = 16;

    /// <summary>The size up to which libtorch computes the convolution of a single image without oneDNN.</summary>
    const long SmallImage = 20_480;

    /// <summary>The multiplications of the smallest convolution in Single that is computed as products, and of the smallest product in Single
    /// that <see cref="OneDnn"/> computes. Of smaller ones, the call takes longer than the computation.</summary>
    internal static long Smallest { get; set; } = 1 << 21;

    // The call of a convolution of libtorch takes longer than smaller products.
    const long SmallestByConvolution = 1 << 20;

    /// <summary>Whether a convolution should be computed as products.</summary>
    /// <param name="images">[B, C, H, W].</param>
    /// <param name="kernel">[O, C, height, width], or of a transposed convolution [C, O, height, width].</param>
    /// <param name="stride">Of a convolution that is not transposed: along height and width.</param>
    /// <param name="reduced">Whether it is in BFloat16.</param>
    internal static bool IncludeConvolution(Tensor images, Tensor kernel, long[]? stride, bool reduced) =>
        Convolutions && images.device_type == DeviceType.CPU && (reduced ? Products : images.dtype == ScalarType.Float32
            && images.numel() / images.size(1) * kernel.numel() / (stride is null ? 1 : stride[0] * stride[1]) >= Smallest);

    /// <summary>Whether a causal convolution should be computed as products.</summary>
    /// <param name="input">[B, T, C].</param>
    internal static bool IncludeCausalConvolution(Tensor input) =>
        // oneDNN does not compute in Double. On a GPU, convolutions may be of less precision than products.
        input.device_type != DeviceType.CPU || input.dtype == ScalarType.Float64
        || (input.size(0) == 1 && input.numel() <= SmallImage && !IsSlow(input));

    /// <summary>Whether libtorch's own products of values in BFloat16 are slow: without oneDNN, they are loops.</summary>
    internal static bool IsSlow(Tensor values) =>
        Convolutions && values.dtype == ScalarType.BFloat16 && values.device_type == DeviceType.CPU;

    /// <summary>Whether a product should be computed as a convolution.</summary>
    /// <param name="left">[…, inputs], as the product takes it.</param>
    /// <param name="right">[inputs, outputs] or [outputs, inputs].</param>
    /// <param name="reduced">Whether it is in BFloat16.</param>
    internal static bool IncludeProduct(Tensor left, Tensor right, bool reduced)
    {
        if (!Products || left.device_type != DeviceType.CPU || left.numel() == 0)
            return false;
        if (reduced)
            return Convolutions;
        long rows = left.numel() / left.size(-1);
        return left.dtype == ScalarType.Float32 && rows * right.numel() >= (Convolutions ? Smallest : SmallestByConvolution)
            && (Convolutions || rows % FewestImages == 0 || (get_num_threads() > 1 && left.numel() > SmallImage));
    }

    /// <summary>Whether a product of matrices on the CPU should be computed by <see cref="OneDnn"/>.</summary>
    /// <param name="rows">Those of the left matrix.</param>
    /// <param name="right">The right matrix.</param>
    internal static bool IncludeMatrices(long rows, Tensor right) =>
        Products && (right.dtype == ScalarType.BFloat16 || rows * right.numel() >= Smallest);
}
