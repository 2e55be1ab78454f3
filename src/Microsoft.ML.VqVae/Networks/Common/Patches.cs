using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The patches of images that a kernel sees, as the rows of a matrix. Images are [B, C, H, W], channels innermost in
/// memory.</summary>
/// <param name="Rows">The height of the kernel.</param>
/// <param name="Columns">The width of the kernel.</param>
internal sealed record Patches(KernelAxis Rows, KernelAxis Columns)
{
    public static Patches Of(Tensor kernel, long[] stride, long[] padding, long[] dilation) => new(
        new KernelAxis(kernel.shape[2], stride[0], padding[0], dilation[0]), new KernelAxis(kernel.shape[3], stride[1], padding[1], dilation[1]));

    /// <summary>P(x)·Mᵀ + bias.</summary>
    /// <param name="images">x, [B, C, H, W].</param>
    /// <param name="matrix">M, [O, height·width·C].</param>
    /// <param name="bias">[O], or null.</param>
    /// <returns>[B, O, h, w].</returns>
    public Tensor Multiply(Tensor images, Tensor matrix, Tensor? bias)
    {
        Tensor pixels = Pixels(images);
        (long height, long width) = (Rows.Positions(pixels.shape[1]), Columns.Positions(pixels.shape[2]));
        Tensor result = Empty(pixels.shape[0], matrix.shape[0], height, width), sums = Pixels(result);
        if (bias is null)
            sums.zero_();
        else
            sums.copy_(bias);
        foreach ((long first, long count) in Groups(pixels.shape[0], height * width * matrix.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            sums.narrow(0, first, count).flatten(0, 2).addmm_(MatrixOf(pixels.narrow(0, first, count)), matrix.t(), 1, 1);
        }
        return result;
    }

    /// <summary>Pᵀ(y·M).</summary>
    /// <param name="values">y, [B, O, h, w].</param>
    /// <param name="matrix">M, [O, height·width·C].</param>
    /// <param name="size">Height and width of the images; the smallest with such patches if null.</param>
    /// <returns>[B, C, H, W].</returns>
    public Tensor AddUp(Tensor values, Tensor matrix, (long Height, long Width)? size = null)
    {
        Tensor factors = Pixels(values);
        (long batch, long down, long across) = (factors.shape[0], factors.shape[1], factors.shape[2]);
        (long height, long width) = size ?? (Rows.Size(down), Columns.Size(across));
        long channels = matrix.shape[1] / (Rows.Kernel * Columns.Kernel);
        Tensor images = Empty(batch, channels, height, width).zero_(), sums = Pixels(images);
        foreach ((long first, long count) in Groups(batch, down * across * matrix.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor patches = factors.narrow(0, first, count).flatten(0, 2).mm(matrix);
            patches = patches.view([count, down, across, Rows.Kernel, Columns.Kernel, channels]);
            for (long row = 0; row < Rows.Kernel; row++)
            {
                for (long column = 0; column < Columns.Kernel; column++)
                {
                    Places rows = Rows.Inside(row, height, down), columns = Columns.Inside(column, width, across);
                    if (rows.Count > 0 && columns.Count > 0)
                    {
                        columns.Of(rows.Of(sums.narrow(0, first, count), 1), 2).Add_(patches.select(3, row).select(3, column)
                            .narrow(1, rows.First, rows.Count).narrow(2, columns.First, columns.Count));
                    }
                }
            }
        }
        return images;
    }

    /// <summary>yᵀ·P(x).</summary>
    /// <param name="values">y, [B, O, h, w].</param>
    /// <param name="images">x, [B, C, H, W].</param>
    /// <returns>[O, height·width·C].</returns>
    public Tensor ProductWith(Tensor values, Tensor images)
    {
        Tensor factors = Pixels(values), pixels = Pixels(images);
        Tensor sum = zeros(factors.shape[3], Rows.Kernel * Columns.Kernel * pixels.shape[3]);
        foreach ((long first, long count) in Groups(pixels.shape[0], factors.shape[1] * factors.shape[2] * sum.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            sum.addmm_(factors.narrow(0, first, count).flatten(0, 2).t(), MatrixOf(pixels.narrow(0, first, count)), 1, 1);
        }
        return sum;
    }

    /// <summary>P(x): [B, H, W, C] → [B·h·w, height·width·C].</summary>
    Tensor MatrixOf(Tensor pixels)
    {
        if ((Rows.Padding, Columns.Padding) is not (0, 0))
            pixels = nn.functional.pad(pixels, [0, 0, Columns.Padding, Columns.Padding, Rows.Padding, Rows.Padding]);
        (long batch, long channels) = (pixels.shape[0], pixels.shape[3]);
        (long row, long image) = (pixels.shape[2] * channels, pixels.shape[1] * pixels.shape[2] * channels);
        long height = (Rows with { Padding = 0 }).Positions(pixels.shape[1]), width = (Columns with { Padding = 0 }).Positions(pixels.shape[2]);
        return pixels.as_strided(
            [batch, height, width, Rows.Kernel, Columns.Kernel, channels],
            [image, Rows.Stride * row, Columns.Stride * channels, Rows.Dilation * row, Columns.Dilation * channels, 1], pixels.storage_offset())
            .reshape(batch * height * width, -1);
    }

    /// <summary>[B, C, H, W] → [B, H, W, C], without a copy where channels are innermost.</summary>
    static Tensor Pixels(Tensor images) => images.permute(0, 2, 3, 1).contiguous();

    /// <summary>[B, C, H, W], channels innermost. It is no view of another tensor: libtorch refuses in-place operations on views that a
    /// function with its own gradient returns.</summary>
    static Tensor Empty(long batch, long channels, long height, long width) => empty_strided(
        [batch, channels, height, width], [height * width * channels, 1, width * channels, channels]);

    /// <summary>Groups of images whose patches are few enough.</summary>
    static IEnumerable<(long First, long Count)> Groups(long images, long numbersOfImage)
    {
        long most = Math.Max(1, PatchProducts.MostNumbers / Math.Max(1, numbersOfImage));
        for (long first = 0; first < images; first += most)
            yield return (first, Math.Min(most, images - first));
    }
}

/// <summary>An axis of a convolution.</summary>
/// <param name="Kernel">The number of taps.</param>
/// <param name="Stride">The distance of the patches.</param>
/// <param name="Padding">The zeros before and after the images.</param>
/// <param name="Dilation">The distance of the taps.</param>
internal readonly record struct KernelAxis(long Kernel, long Stride, long Padding, long Dilation)
{
    /// <summary>The number of patches along an image of a size.</summary>
    public long Positions(long size) => ((size + (2 * Padding) - Length) / Stride) + 1;

    /// <summary>The size of the smallest image with as many patches.</summary>
    public long Size(long positions) => ((positions - 1) * Stride) + Length - (2 * Padding);

    /// <summary>The patches of which a tap lies within an image of a size.</summary>
    public Places Inside(long tap, long size, long positions)
    {
        // That of the first patch is here in the image, the others are a stride apart.
        long place = (tap * Dilation) - Padding;
        long first = place < 0 ? (-place + Stride - 1) / Stride : 0;
        long end = place >= size ? 0 : Math.Min(positions, ((size - 1 - place) / Stride) + 1);
        return new Places(first, end - first, (first * Stride) + place, Stride);
    }

    long Length => ((Kernel - 1) * Dilation) + 1;
}

/// <summary>Patches, and the places of one of their taps in an image.</summary>
/// <param name="First">The number of the first patch.</param>
/// <param name="Count">The number of patches; not above 0 if there is none.</param>
/// <param name="Start">The place of the tap of the first patch.</param>
/// <param name="Stride">The distance of the places.</param>
internal readonly record struct Places(long First, long Count, long Start, long Stride)
{
    /// <summary>The values at the places.</summary>
    public Tensor Of(Tensor values, long axis) => values.slice(axis, Start, Start + ((Count - 1) * Stride) + 1, Stride);
}
