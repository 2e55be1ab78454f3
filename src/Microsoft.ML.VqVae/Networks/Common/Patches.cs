using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The patches of images that a kernel sees, as the rows of a matrix. Images are [B, C, H, W], channels innermost in
/// memory.</summary>
/// <param name="Rows">The axis of rows.</param>
/// <param name="Columns">The axis of columns.</param>
/// <param name="IsTurned">Whether rows and columns have changed places: images of one row are computed as those of one column, since long
/// images are divided between rows.</param>
internal sealed record Patches(KernelAxis Rows, KernelAxis Columns, bool IsTurned)
{
    /// <summary>The maximum count of numbers in a matrix of patches, 64 MB of them; a row of patches may have more. Smaller matrices are
    /// multiplied more slowly.</summary>
    internal static long Limit { get; set; } = 1 << 24;

    public static Patches Of(Tensor images, Tensor kernel, long[] stride, long[] padding, long[] dilation)
    {
        var rows = new KernelAxis(kernel.shape[2], stride[0], padding[0], dilation[0]);
        var columns = new KernelAxis(kernel.shape[3], stride[1], padding[1], dilation[1]);
        bool isTurned = images.shape[2] == 1 && (rows.Kernel, rows.Padding) is (1, 0);
        return isTurned ? new Patches(columns, rows, true) : new Patches(rows, columns, false);
    }

    /// <summary>P(x)·Mᵀ + bias.</summary>
    /// <param name="images">x, [B, C, H, W].</param>
    /// <param name="matrix">M, [O, height·width·C].</param>
    /// <param name="bias">[O], or null.</param>
    /// <returns>[B, O, h, w].</returns>
    public Tensor Multiply(Tensor images, Tensor matrix, Tensor? bias)
    {
        Tensor pixels = Padded(Pixels(images));
        (long height, long width) = (Rows.Positions(pixels.shape[1]), Columns.Positions(pixels.shape[2]));
        Tensor result = Empty(pixels.shape[0], matrix.shape[0], height, width), sums = Pixels(result);
        if (bias is null)
            sums.zero_();
        else
            sums.copy_(bias);
        foreach (Part part in Parts(pixels.shape[0], height, width * matrix.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            part.Of(sums).flatten(0, 2).addmm_(MatrixOf(pixels, part, width), matrix.t(), 1, 1);
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
        (long height, long width) = size switch
        {
            null => (Rows.Size(down), Columns.Size(across)),
            (long one, long other) => IsTurned ? (other, one) : (one, other),
        };
        long channels = matrix.shape[1] / (Rows.Kernel * Columns.Kernel);
        Tensor images = Empty(batch, channels, height, width).zero_(), sums = Pixels(images);
        foreach (Part part in Parts(batch, down, across * matrix.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor patches = part.Of(factors).flatten(0, 2).mm(matrix)
                .view([part.Images, part.Rows, across, Rows.Kernel, Columns.Kernel, channels]);
            Tensor target = sums.narrow(0, part.Image, part.Images);
            for (long row = 0; row < Rows.Kernel; row++)
            {
                for (long column = 0; column < Columns.Kernel; column++)
                {
                    Places rows = Rows.Inside(row, height, part.Row, part.Rows), columns = Columns.Inside(column, width, 0, across);
                    if (rows.Count > 0 && columns.Count > 0)
                        columns.Of(rows.Of(target, 1), 2).Add_(columns.In(rows.In(patches.select(3, row).select(3, column), 1), 2));
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
        Tensor factors = Pixels(values), pixels = Padded(Pixels(images));
        (long height, long width) = (factors.shape[1], factors.shape[2]);
        Tensor sum = zeros([factors.shape[3], Rows.Kernel * Columns.Kernel * pixels.shape[3]], ScalarType.Float32);
        foreach (Part part in Parts(pixels.shape[0], height, width * sum.shape[1]))
        {
            using DisposeScope scope = NewDisposeScope();
            sum.addmm_(part.Of(factors).flatten(0, 2).t(), MatrixOf(pixels, part, width), 1, 1);
        }
        return sum;
    }

    /// <summary>Rows of P(x).</summary>
    /// <param name="pixels">x with its padding, [B, H, W, C].</param>
    /// <param name="part">The patches.</param>
    /// <param name="width">The patches in a row.</param>
    /// <returns>[images·rows·width of the part, height·width·C].</returns>
    Tensor MatrixOf(Tensor pixels, Part part, long width)
    {
        long pixel = pixels.shape[3], row = pixels.shape[2] * pixel, image = pixels.shape[1] * row;
        return pixels.as_strided(
            [part.Images, part.Rows, width, Rows.Kernel, Columns.Kernel, pixel],
            [image, Rows.Stride * row, Columns.Stride * pixel, Rows.Dilation * row, Columns.Dilation * pixel, 1],
            pixels.storage_offset() + (part.Image * image) + (part.Row * Rows.Stride * row)).reshape(part.Images * part.Rows * width, -1);
    }

    Tensor Padded(Tensor pixels) => (Rows.Padding, Columns.Padding) is (0, 0)
        ? pixels : nn.functional.pad(pixels, [0, 0, Columns.Padding, Columns.Padding, Rows.Padding, Rows.Padding]);

    /// <summary>[B, C, H, W] → [B, H, W, C], or [B, W, H, C] turned, without a copy where channels are innermost.</summary>
    Tensor Pixels(Tensor images) => IsTurned ? images.permute(0, 3, 2, 1).contiguous() : images.permute(0, 2, 3, 1).contiguous();

    /// <summary>[B, C, H, W], channels innermost. It is no view of another tensor: libtorch refuses in-place operations on views that a
    /// function with its own gradient returns.</summary>
    Tensor Empty(long batch, long channels, long height, long width)
    {
        (height, width) = IsTurned ? (width, height) : (height, width);
        return empty_strided(
            [batch, channels, height, width], [height * width * channels, 1, width * channels, channels], ScalarType.Float32);
    }

    /// <summary>Divides the patches into parts within the limit: of several images, or of rows of one.</summary>
    static IEnumerable<Part> Parts(long images, long rows, long numbersOfRow)
    {
        long most = Math.Max(1, Limit / Math.Max(1, numbersOfRow));
        if (most < rows)
        {
            for (long image = 0; image < images; image++)
            {
                for (long row = 0; row < rows; row += most)
                    yield return new Part(image, 1, row, Math.Min(most, rows - row));
            }
            yield break;
        }
        most /= Math.Max(1, rows);
        for (long image = 0; image < images; image += most)
            yield return new Part(image, Math.Min(most, images - image), 0, rows);
    }

    /// <summary>The patches of a number of images and rows.</summary>
    readonly record struct Part(long Image, long Images, long Row, long Rows)
    {
        /// <summary>Those of values [B, h, w, …] that belong to the patches.</summary>
        public Tensor Of(Tensor values) => values.narrow(0, Image, Images).narrow(1, Row, Rows);
    }
}

/// <summary>An axis of a convolution.</summary>
/// <param name="Kernel">The number of taps.</param>
/// <param name="Stride">The distance of the patches.</param>
/// <param name="Padding">The zeros before and after the images.</param>
/// <param name="Dilation">The distance of the taps.</param>
internal readonly record struct KernelAxis(long Kernel, long Stride, long Padding, long Dilation)
{
    /// <summary>The number of patches along an image of a size, which includes the padding.</summary>
    /// <exception cref="ArgumentException">The image is smaller than a patch.</exception>
    public long Positions(long size) => size >= Length
        ? ((size - Length) / Stride) + 1
        : throw new ArgumentException(FormattableString.Invariant($"The kernel spans {Length} pixels, more than the {size} of the padded images."));

    /// <summary>The size of the smallest image with as many patches.</summary>
    public long Size(long positions) => ((positions - 1) * Stride) + Length - (2 * Padding);

    /// <summary>Which of some patches have a tap within an image.</summary>
    /// <param name="tap">The number of the tap.</param>
    /// <param name="size">The size of the image, without padding.</param>
    /// <param name="start">The number of the first patch.</param>
    /// <param name="count">The number of patches.</param>
    public Places Inside(long tap, long size, long start, long count)
    {
        // The place of the tap in patch 0; in the others it is a stride further each.
        long place = (tap * Dilation) - Padding;
        long first = Math.Max(start, place < 0 ? (-place + Stride - 1) / Stride : 0);
        long end = place >= size ? 0 : Math.Min(start + count, ((size - 1 - place) / Stride) + 1);
        return new Places(first - start, end - first, (first * Stride) + place, Stride);
    }

    long Length => ((Kernel - 1) * Dilation) + 1;
}

/// <summary>Patches, and the places of one of their taps in an image.</summary>
/// <param name="First">The first patch, of those at hand.</param>
/// <param name="Count">The number of patches; not above 0 if there is none.</param>
/// <param name="Start">The place of the tap of the first patch.</param>
/// <param name="Stride">The distance of the places.</param>
internal readonly record struct Places(long First, long Count, long Start, long Stride)
{
    /// <summary>The values of images at the places.</summary>
    public Tensor Of(Tensor images, long axis) => images.slice(axis, Start, Start + ((Count - 1) * Stride) + 1, Stride);

    /// <summary>The values of patches.</summary>
    public Tensor In(Tensor patches, long axis) => patches.narrow(axis, First, Count);
}
