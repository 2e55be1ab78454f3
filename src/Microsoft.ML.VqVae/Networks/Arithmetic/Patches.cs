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
        var rows = new KernelAxis(kernel.size(2), stride[0], padding[0], dilation[0]);
        var columns = new KernelAxis(kernel.size(3), stride[1], padding[1], dilation[1]);
        bool isTurned = images.size(2) == 1 && (rows.Kernel, rows.Zeros) is (1, 0);
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
        (long height, long width) = (Rows.Positions(pixels.size(1)), Columns.Positions(pixels.size(2)));
        Tensor result = Empty(pixels.size(0), matrix.size(0), height, width, pixels.dtype), sums = Pixels(result);
        if (bias is not null)
            sums.copy_(bias);
        foreach (Part part in Parts(pixels.size(0), height, width * matrix.size(1)))
        {
            using DisposeScope scope = NewDisposeScope();
            Multiply(MatrixOf(pixels, part, width), matrix.t(), part.Of(sums).flatten(0, 2), adds: bias is not null);
        }
        return result;
    }

    /// <summary>Pᵀ(y·M).</summary>
    /// <remarks>It is a convolution too. With stride s, pixel s·q + a is the sum of y[q − t]·M[s·t + a] over t, so that for each of the s
    /// remainders a the pixels are products of patches of y and every s-th tap, in reverse. Taps that are no multiple of s, or dilated ones with
    /// a stride, are filled up with zeros, which are multiplied too.</remarks>
    /// <param name="values">y, [B, O, h, w].</param>
    /// <param name="matrix">M, [O, height·width·C].</param>
    /// <param name="size">Height and width of the images; the smallest with such patches if null.</param>
    /// <returns>[B, C, H, W].</returns>
    public Tensor AddUp(Tensor values, Tensor matrix, (long Height, long Width)? size = null)
    {
        Tensor factors = Pixels(values);
        (long height, long width) = size switch
        {
            null => (Rows.Size(factors.size(1)), Columns.Size(factors.size(2))),
            (long one, long other) => IsTurned ? (other, one) : (one, other),
        };
        long channels = matrix.size(1) / (Rows.Kernel * Columns.Kernel);
        Tensor images = Empty(factors.size(0), channels, height, width, factors.dtype), pixels = Pixels(images);
        (Reversal down, Reversal across) = (new(Rows, height, factors.size(1)), new(Columns, width, factors.size(2)));
        var patches = new Patches(down.Patches, across.Patches, false);
        factors = Padded(factors, across.Before, across.After, down.Before, down.After);
        Tensor taps = Reversed(matrix.view(-1, Rows.Kernel, Columns.Kernel, channels), down, across);
        bool inPlace = (Rows.Stride, Columns.Stride) is (1, 1);
        long numbers = inPlace ? taps.size(0) : Math.Max(taps.size(0), taps.size(1));
        foreach (Part part in Parts(factors.size(0), down.Count, across.Count * numbers))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor found = patches.MatrixOf(factors, part, across.Count);
            if (inPlace)
            {
                // Parts are whole images, or rows of one: their pixels follow each other, and are not copied.
                Multiply(found, taps, part.Of(pixels).flatten(0, 2), adds: false);
                continue;
            }
            Tensor target = pixels.narrow(0, part.Image, part.Images);
            Tensor sums = empty([found.size(0), taps.size(1)], found.dtype);
            Multiply(found, taps, sums, adds: false);
            sums = sums.view([part.Images, part.Rows, across.Count, Rows.Stride, Columns.Stride, channels]);
            for (long row = 0; row < Rows.Stride; row++)
            {
                for (long column = 0; column < Columns.Stride; column++)
                {
                    Places rows = down.PlacesOf(row, part.Row, part.Rows), columns = across.PlacesOf(column, 0, across.Count);
                    if (rows.Count > 0 && columns.Count > 0)
                        columns.Of(rows.Of(target, 1), 2).copy_(columns.In(rows.In(sums.select(3, row).select(3, column), 1), 2));
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
        (long height, long width) = (factors.size(1), factors.size(2));
        long[] shape = [factors.size(3), Rows.Kernel * Columns.Kernel * pixels.size(3)];
        Part[] parts = [.. Parts(pixels.size(0), height, width * shape[1])];
        // Many parts would be lost in a sum in BFloat16.
        bool addsInSingle = parts.Length > 1 && pixels.dtype == ScalarType.BFloat16;
        Tensor sum = zeros(shape, addsInSingle ? ScalarType.Float32 : pixels.dtype);
        foreach (Part part in parts)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor product = addsInSingle ? empty(shape, pixels.dtype) : sum;
            bool adds = !addsInSingle && part is not { Image: 0, Row: 0 };
            Multiply(part.Of(factors).flatten(0, 2).t(), MatrixOf(pixels, part, width), product, adds);
            if (addsInSingle)
                sum.Add_(product);
        }
        return addsInSingle ? sum.to(pixels.dtype) : sum;
    }

    /// <summary>result = left·right, or result += left·right.</summary>
    static void Multiply(Tensor left, Tensor right, Tensor result, bool adds)
    {
        if (SlowOperators.IncludeMatrices(left.size(0), right))
            OneDnn.Multiply(left, right, result, adds);
        else
            result.addmm_(left, right, adds ? 1 : 0, 1);
    }

    /// <summary>The kernel [O, height, width, C] for patches of y: [rows·columns·O, remainders·C].</summary>
    static Tensor Reversed(Tensor kernel, Reversal down, Reversal across)
    {
        (long taps, long phases, long outputs, long channels) =
            (down.Patches.Kernel * across.Patches.Kernel, down.Stride * across.Stride, kernel.size(0), kernel.size(3));
        kernel = Spread(Spread(kernel, 1, down), 2, across);
        return kernel.view([outputs, down.Patches.Kernel, down.Stride, across.Patches.Kernel, across.Stride, channels])
            .flip(1, 3).permute(1, 3, 0, 2, 4, 5).reshape(taps * outputs, phases * channels);

        // As many taps as the patches have for all remainders, zeros between and after those of the kernel.
        static Tensor Spread(Tensor kernel, int axis, Reversal along)
        {
            long taps = along.Patches.Kernel * along.Stride;
            if (kernel.size(axis) == taps)
                return kernel;
            long[] shape = [.. kernel.shape];
            shape[axis] = taps;
            Tensor spread = zeros(shape, kernel.dtype);
            spread.slice(axis, 0, ((kernel.size(axis) - 1) * along.Distance) + 1, along.Distance).copy_(kernel);
            return spread;
        }
    }

    /// <summary>Rows of P(x).</summary>
    /// <param name="pixels">x with its padding, [B, H, W, C].</param>
    /// <param name="part">The patches.</param>
    /// <param name="width">The patches in a row.</param>
    /// <returns>[images·rows·width of the part, height·width·C].</returns>
    Tensor MatrixOf(Tensor pixels, Part part, long width)
    {
        long pixel = pixels.size(3), row = pixels.size(2) * pixel, image = pixels.size(1) * row;
        return pixels.as_strided(
            [part.Images, part.Rows, width, Rows.Kernel, Columns.Kernel, pixel],
            [image, Rows.Stride * row, Columns.Stride * pixel, Rows.Dilation * row, Columns.Dilation * pixel, 1],
            pixels.storage_offset() + (part.Image * image) + (part.Row * Rows.Stride * row)).reshape(part.Images * part.Rows * width, -1);
    }

    Tensor Padded(Tensor pixels) => Padded(pixels, Columns.Zeros, Columns.Zeros, Rows.Zeros, Rows.Zeros);

    static Tensor Padded(Tensor pixels, long left, long right, long top, long bottom) =>
        (left, right, top, bottom) is (0, 0, 0, 0) ? pixels : nn.functional.pad(pixels, [0, 0, left, right, top, bottom]).contiguous();

    /// <summary>[B, C, H, W] → [B, H, W, C], or [B, W, H, C] turned, without a copy where channels are innermost.</summary>
    Tensor Pixels(Tensor images) => IsTurned ? images.permute(0, 3, 2, 1).contiguous() : images.permute(0, 2, 3, 1).contiguous();

    /// <summary>[B, C, H, W], channels innermost. It is no view of another tensor: libtorch refuses in-place operations on views that a
    /// function with its own gradient returns.</summary>
    Tensor Empty(long batch, long channels, long height, long width, ScalarType type)
    {
        (height, width) = IsTurned ? (width, height) : (height, width);
        return empty_strided(
            [batch, channels, height, width], [height * width * channels, 1, width * channels, channels], type);
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
/// <param name="Zeros">The zeros before and after the images (padding).</param>
/// <param name="Dilation">The distance of the taps.</param>
internal readonly record struct KernelAxis(long Kernel, long Stride, long Zeros, long Dilation)
{
    /// <summary>The number of patches along an image of a size, which includes the padding.</summary>
    /// <exception cref="ArgumentException">The image is smaller than a patch.</exception>
    public long Positions(long size) => size >= Length
        ? ((size - Length) / Stride) + 1
        : throw new ArgumentException(FormattableString.Invariant($"The kernel spans {Length} pixels, more than the {size} of the padded images."));

    /// <summary>The size of the smallest image with as many patches.</summary>
    public long Size(long positions) => ((positions - 1) * Stride) + Length - (2 * Zeros);

    /// <summary>The number of pixels that a patch spans.</summary>
    public long Length => ((Kernel - 1) * Dilation) + 1;
}

/// <summary>An axis of the patches of y that give the pixels of an image (<see cref="Patches.AddUp"/>).</summary>
internal readonly record struct Reversal
{
    readonly long _size, _first, _padding;

    /// <param name="axis">The axis of the convolution.</param>
    /// <param name="size">The size of the image.</param>
    /// <param name="values">The size of y.</param>
    public Reversal(KernelAxis axis, long size, long values)
    {
        (_size, _padding, Stride) = (size, axis.Zeros, axis.Stride);
        // With a stride, dilated kernels are taken as larger ones with zeros.
        Distance = axis.Stride == 1 ? 1 : axis.Dilation;
        long taps = axis.Stride == 1 ? axis.Kernel : (axis.Length + axis.Stride - 1) / axis.Stride;
        Patches = new KernelAxis(taps, 1, 0, axis.Stride == 1 ? axis.Dilation : 1);
        (_first, long last) = (axis.Zeros / axis.Stride, (size - 1 + axis.Zeros) / axis.Stride);
        (Before, After, Count) = (Patches.Length - 1 - _first, last - (values - 1), last - _first + 1);
    }

    /// <summary>The patches of y.</summary>
    public KernelAxis Patches { get; }

    /// <summary>The number of patches.</summary>
    public long Count { get; }

    /// <summary>The number of remainders.</summary>
    public long Stride { get; }

    /// <summary>The distance of the kernel's taps among those of all remainders.</summary>
    public long Distance { get; }

    /// <summary>The zeros before y; below 0, the values that no patch has.</summary>
    public long Before { get; }

    /// <summary>The same after y.</summary>
    public long After { get; }

    /// <summary>The places of pixels of one remainder.</summary>
    /// <param name="remainder">The remainder.</param>
    /// <param name="start">The number of the first patch.</param>
    /// <param name="count">The number of patches.</param>
    public Places PlacesOf(long remainder, long start, long count)
    {
        long place = ((_first + start) * Stride) + remainder - _padding, left = place < 0 ? 1 : 0;
        place += left * Stride;
        long inside = place >= _size ? 0 : ((_size - 1 - place) / Stride) + 1;
        return new Places(left, Math.Min(count - left, inside), place, Stride);
    }
}

/// <summary>Places in an image, and the patches that give their pixels.</summary>
/// <param name="First">The first patch, of those at hand.</param>
/// <param name="Count">The number of patches; not above 0 if there is none.</param>
/// <param name="Start">The place of the first pixel.</param>
/// <param name="Stride">The distance of the places.</param>
internal readonly record struct Places(long First, long Count, long Start, long Stride)
{
    /// <summary>The pixels of images at the places.</summary>
    public Tensor Of(Tensor images, long axis) => images.slice(axis, Start, Start + ((Count - 1) * Stride) + 1, Stride);

    /// <summary>The values of patches.</summary>
    public Tensor In(Tensor patches, long axis) => patches.narrow(axis, First, Count);
}
