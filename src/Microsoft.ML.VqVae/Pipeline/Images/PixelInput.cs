using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>A column of images as the input of a network, [rows · images per row, C, H, W], and the layout of its pixels.</summary>
/// <param name="name">The name of the column.</param>
/// <param name="format">The layout that the network was trained on.</param>
/// <param name="inOnnx">Whether columns in ONNX graphs depend on the images.</param>
internal sealed class PixelInput(string name, ImageFormat format, bool inOnnx = true) : ModelInput
{
    const string Expected = "a vector of known size of Single or Byte, or an image (MLImage)";
    static readonly int[] UsualChannels = [1, 3];

    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name);
        Check(column, format);
        return [column];
    }

    public override RowReader CreateReader(DataViewRow row, int capacity) =>
        new PixelReader(format, row, Find(row.Schema)[0], capacity);

    public override IReadOnlyList<OnnxValue> ToOnnx(DataViewSchema schema, Func<DataViewSchema.Column, OnnxValue> valueOf)
    {
        if (!inOnnx)
            return [];
        DataViewSchema.Column column = Find(schema)[0];
        if (format.FromImages)
        {
            throw new NotSupportedException($"the column '{name}' holds images (MLImage), which an ONNX graph cannot read. "
                + "Train on their pixels, as ExtractPixels makes them");
        }
        OnnxValue pixels = valueOf(column);
        if (HoldsBytes(column.Type))
            pixels = (pixels.To<float>() - format.ImageOffset) * format.ImageScale;
        return [format.Interleaved
            ? pixels.Reshape(-1, format.Height, format.Width, format.Channels).ChannelsFirst()
            : pixels.Reshape(-1, format.Channels, format.Height, format.Width)];
    }

    /// <summary>The type of a decoded image as MLImage, before there is data. The shape of a schema has no vector sizes, so the size is
    /// unknown for vectors unless the options set it.</summary>
    public static ImageDataViewType ImageType(SchemaShape schema, string name, ImageModelOptions options)
    {
        if (SchemaColumns.Find(schema, name).ItemType is ImageDataViewType { Height: > 0 } image)
            return image;
        ImageCodecOptions codec = options.Codec;
        return codec.Height > 0 && codec.Width > 0 ? new ImageDataViewType(codec.Height, codec.Width) : new ImageDataViewType();
    }

    /// <summary>Checks the kind of column, before there is data.</summary>
    public static SchemaShape.Column Check(SchemaShape schema, string name)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name);
        bool isVector = column.Kind == SchemaShape.Column.VectorKind.Vector && IsValue(column.ItemType) && !column.IsKey;
        bool isImage = column.Kind == SchemaShape.Column.VectorKind.Scalar && column.ItemType is ImageDataViewType;
        return isVector || isImage ? column : throw SchemaColumns.Mismatch(name, Expected, MLNetInternals.TypeText(column));
    }

    /// <summary>The layout of a training column.</summary>
    public static ImageFormat Resolve(DataViewSchema.Column column, PixelSettings asked) => column.Type switch
    {
        ImageDataViewType image => ResolveImage(column, image, asked),
        VectorDataViewType { IsKnownSize: true } vector when IsValue(vector.ItemType) =>
            vector.Dimensions.Length switch
            {
                2 or 3 => ResolveDimensions(column, vector, vector.Dimensions, asked),
                // The codec treats the frames of a row as images.
                4 when asked.TakesClips =>
                    ResolveDimensions(column, vector, vector.Dimensions[1..], asked) with { Frames = vector.Dimensions[0] },
                1 => ResolveFlat(column, vector, asked),
                _ => throw SchemaColumns.Mismatch(column.Name,
                    $"pixels [C, H, W] or [H, W, C]{(asked.TakesClips ? ", clips of them [T, …]," : "")} or a vector without dimensions",
                    vector.ToString()),
            },
        _ => throw SchemaColumns.Mismatch(column.Name, Expected, column.Type.ToString()!),
    };

    /// <summary>Whether the values of a column are bytes, as ExtractPixels outputs them with outputAsFloatArray: false.</summary>
    public static bool HoldsBytes(DataViewType type) => type is VectorDataViewType vector && vector.ItemType == NumberDataViewType.Byte;

    static bool IsValue(DataViewType item) => item == NumberDataViewType.Single || item == NumberDataViewType.Byte;

    // The column must have the layout of the training data; bytes and the numbers that they stand for are alike.
    static void Check(DataViewSchema.Column column, ImageFormat format)
    {
        if (format.FromImages)
        {
            // An image type without a size, such as that of LoadImages, is accepted; then each image is checked.
            if (column.Type is not ImageDataViewType image
                || (image.Height > 0 && (image.Height, image.Width) != (format.Height, format.Width)))
                throw SchemaColumns.Mismatch(column.Name, $"images of {format.Height}×{format.Width} pixels, which the model was trained on",
                    column.Type.ToString()!);
            return;
        }
        bool fits = column.Type is VectorDataViewType vector && IsValue(vector.ItemType)
            && vector.Size == format.ValuesOfRow
            && (vector.Dimensions.Length is not (3 or 4) || vector.Dimensions.SequenceEqual(format.Dimensions));
        if (!fits)
            throw SchemaColumns.Mismatch(column.Name, $"{new VectorDataViewType(NumberDataViewType.Single, format.Dimensions)}, "
                + "which the model was trained on, or the same of Byte", column.Type.ToString()!);
    }

    /// <summary>Checks that the values can be bytes, for bits to be computed or pictures to be made. Values between two bytes are accepted,
    /// and rounded.</summary>
    /// <param name="column">The column of the values; null for the training data, where it is not known.</param>
    /// <param name="minimum">The smallest value.</param>
    /// <param name="maximum">The largest value.</param>
    /// <param name="format">The meaning of the values.</param>
    public static void CheckBytes(string? column, double minimum, double maximum, ImageFormat format)
    {
        if (format.FromImages)
            return;
        double first = minimum / format.ImageScale + format.ImageOffset, last = maximum / format.ImageScale + format.ImageOffset;
        (double lowest, double highest) = (Math.Min(first, last), Math.Max(first, last));
        if (lowest >= -0.5 && highest <= 255.5 && highest - lowest > 1.5)
            return;
        string values = column is null ? "the training data" : $"column '{column}'";
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"The values of {values} reach from {minimum:G5} to {maximum:G5}, which with ImageOffset {format.ImageOffset} and ")
            + string.Create(CultureInfo.InvariantCulture, $"ImageScale {format.ImageScale} are bytes from {lowest:G5} to {highest:G5}; ")
            + "bits can be computed, and pictures (MLImage) made, for bytes from 0 to 255. Set ImageOffset and ImageScale to those of "
            + "ExtractPixels: a byte b is (b - ImageOffset) * ImageScale in the column.");
    }

    static ImageFormat ResolveImage(DataViewSchema.Column column, ImageDataViewType type, PixelSettings asked)
    {
        int height = type.Height > 0 ? type.Height : asked.Height, width = type.Width > 0 ? type.Width : asked.Width;
        int channels = asked.Channels == 0 ? 3 : asked.Channels;
        if (height == 0 || width == 0)
        {
            throw SchemaColumns.Mismatch(column.Name,
                $"images of a known size: use ResizeImages first, or set {asked.Prefix}Height and {asked.Prefix}Width", type.ToString());
        }
        if ((asked.Height != 0 && asked.Height != height) || (asked.Width != 0 && asked.Width != width))
            throw SchemaColumns.Mismatch(column.Name, $"images of {asked.Height}×{asked.Width} pixels, as the options say", type.ToString());
        if (!UsualChannels.Contains(channels))
        {
            throw SchemaColumns.Mismatch(
                column.Name, $"{asked.Prefix}Channels of 1 (gray) or 3 (color) for a column of images", $"{channels} channels");
        }
        return new ImageFormat(height, width, channels, asked.Layout == PixelLayout.Interleaved, FromImages: true);
    }

    // [H, W], [C, H, W] or [H, W, C]: the reading that agrees with the options and has a usual number of channels.
    static ImageFormat ResolveDimensions(
        DataViewSchema.Column column, VectorDataViewType type, IReadOnlyList<int> dimensions, PixelSettings asked)
    {
        int[] d = [.. dimensions];
        (int Height, int Width, int Channels, bool Interleaved)[] readings = d.Length == 2
            ? [(d[0], d[1], 1, asked.Layout == PixelLayout.Interleaved)]
            : [(d[1], d[2], d[0], false), (d[0], d[1], d[2], true)];
        var fitting = readings.Where(r =>
            (asked.Layout == PixelLayout.FromColumn || r.Interleaved == (asked.Layout == PixelLayout.Interleaved))
            && (asked.Height == 0 || asked.Height == r.Height) && (asked.Width == 0 || asked.Width == r.Width)
            && (asked.Channels == 0 ? r.Channels <= 4 || asked.Layout != PixelLayout.FromColumn : asked.Channels == r.Channels)).ToList();
        return fitting.Count switch
        {
            1 => Vector(fitting[0].Height, fitting[0].Width, fitting[0].Channels, fitting[0].Interleaved, asked),
            0 => throw SchemaColumns.Mismatch(column.Name, $"pixels [C, H, W] or [H, W, C]{Asked(asked)}", type.ToString()),
            _ => throw SchemaColumns.Mismatch(column.Name, "dimensions that tell [C, H, W] from [H, W, C]: set Layout to Planar or Interleaved",
                type.ToString()),
        };
    }

    // A vector without dimensions: the options must set the size, unless exactly one square image has it.
    static ImageFormat ResolveFlat(DataViewSchema.Column column, VectorDataViewType type, PixelSettings asked)
    {
        int[] channelGuesses = asked.Channels != 0 ? [asked.Channels]
            : asked.Height != 0 && asked.Width != 0 && type.Size % (asked.Height * asked.Width) == 0
                ? [type.Size / (asked.Height * asked.Width)]
            : UsualChannels;
        List<(int Height, int Width, int Channels)> fitting = [];
        foreach (int channels in channelGuesses.Where(channels => type.Size % channels == 0))
        {
            int pixels = type.Size / channels, side = (int)Math.Round(Math.Sqrt(pixels));
            int height = asked.Height != 0 ? asked.Height : asked.Width != 0 ? pixels / asked.Width : side;
            int width = asked.Width != 0 ? asked.Width : pixels / Math.Max(1, height);
            bool isSquare = height == width, isAsked = asked.Height != 0 || asked.Width != 0;
            if ((long)height * width == pixels && (isSquare || isAsked))
                fitting.Add((height, width, channels));
        }
        return fitting.Count == 1
            ? Vector(fitting[0].Height, fitting[0].Width, fitting[0].Channels, asked.Layout == PixelLayout.Interleaved, asked)
            : throw SchemaColumns.Mismatch(column.Name,
                $"a size of Height·Width·Channels{Asked(asked)}: set {asked.Prefix}Height, {asked.Prefix}Width and {asked.Prefix}Channels, "
                + "or give the column dimensions, as ExtractPixels does", type.ToString());
    }

    static ImageFormat Vector(int height, int width, int channels, bool interleaved, PixelSettings asked) =>
        new(height, width, channels, interleaved, FromImages: false, asked.ImageOffset, asked.ImageScale);

    static string Asked(PixelSettings asked)
    {
        (string Name, int Value)[] sizes = [("height", asked.Height), ("width", asked.Width), ("channels", asked.Channels)];
        string[] set = [.. sizes.Where(size => size.Value != 0).Select(size => $"{size.Name} {size.Value}")];
        string layout = asked.Layout == PixelLayout.FromColumn ? "" : $", {asked.Layout}";
        return (set.Length == 0 ? "" : $" with {string.Join(", ", set)}") + layout;
    }
}

/// <summary>The settings of the pixels of a column, from the options of a component.</summary>
/// <param name="Height">Height in pixels; 0 to take it from the column.</param>
/// <param name="Width">Width in pixels; 0 to take it from the column.</param>
/// <param name="Channels">Number of values per pixel; 0 to take it from the column.</param>
/// <param name="Layout">The order of the values.</param>
/// <param name="Prefix">The path to these sizes within the options, for messages.</param>
/// <param name="TakesClips">Whether a row may be a clip of several images.</param>
/// <param name="ImageOffset">With <paramref name="ImageScale"/>: the value of a byte, see <see cref="ImageFormat"/>.</param>
/// <param name="ImageScale">See <paramref name="ImageOffset"/>.</param>
internal sealed record PixelSettings(
    int Height, int Width, int Channels, PixelLayout Layout, string Prefix = "", bool TakesClips = false, float ImageOffset = 0,
    float ImageScale = 1);

/// <summary>The layout of the pixels of an image in a column, and the meaning of their values.</summary>
/// <param name="Height">Height in pixels.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Channels">Number of values per pixel.</param>
/// <param name="Interleaved">False: planar, [C, H, W]. True: the channels of a pixel are adjacent, [H, W, C].</param>
/// <param name="FromImages">Whether the column holds MLImage, with values from 0 to 255, instead of vectors.</param>
/// <param name="ImageOffset">With <paramref name="ImageScale"/>: the value of a byte b is (b − offset) · scale, as in the output of
/// ExtractPixels.</param>
/// <param name="ImageScale">See <paramref name="ImageOffset"/>.</param>
/// <param name="Frames">T: number of images per row if rows are clips [T, …]; 0 if a row is an image.</param>
internal sealed record ImageFormat(
    int Height, int Width, int Channels, bool Interleaved, bool FromImages, float ImageOffset = 0, float ImageScale = 1,
    int Frames = 0)
{
    /// <summary>Checks the layout in a model file.</summary>
    public void Describe(OptionProblems problems, ImageCodecOptions codec)
    {
        problems.Require((Height, Width, Channels) == (codec.Height, codec.Width, codec.Channels), "Pixels",
            $"{codec.Height}×{codec.Width} pixels of {codec.Channels} channels, as in the codec", this);
        Describe(problems);
    }

    /// <summary>Checks the layout in a model file, except for its sizes.</summary>
    public void Describe(OptionProblems problems)
    {
        problems.AtLeast("Pixels.Frames", Frames, 0);
        problems.Require((Int128)ImagesOfRow * Height * Width * Channels <= int.MaxValue, "Pixels", $"at most {int.MaxValue} values", this);
        problems.Require(!FromImages || Channels is 1 or 3, "Pixels.Channels", "1 or 3 for images", Channels);
        problems.Require(float.IsFinite(ImageOffset), $"Pixels.{nameof(ImageOffset)}", "a finite number", ImageOffset);
        problems.Require(float.IsFinite(ImageScale) && ImageScale != 0, $"Pixels.{nameof(ImageScale)}",
            "a finite number other than 0", ImageScale);
    }

    public int PixelCount => Height * Width;

    public int ValueCount => Height * Width * Channels;

    /// <summary>Number of images per row.</summary>
    public int ImagesOfRow => Math.Max(1, Frames);

    public int ValuesOfRow => checked(ImagesOfRow * ValueCount);

    [JsonIgnore]
    public int[] Dimensions => [.. ClipDimension, .. (int[])(Interleaved ? [Height, Width, Channels] : [Channels, Height, Width])];

    /// <summary>The dimensions before those of an image: [T] for clips, empty for images.</summary>
    [JsonIgnore]
    public int[] ClipDimension => Frames > 0 ? [Frames] : [];

    /// <summary>Checks that a row can be an MLImage.</summary>
    /// <param name="otherwise">The method for rows that cannot.</param>
    public void RequireImage(string otherwise)
    {
        if (Frames > 0 || Channels is not (1 or 3))
            throw new InvalidOperationException($"A row of the codec is {this}, and no image of 1 or 3 channels: use {otherwise}.");
    }

    public override string ToString()
    {
        string order = FromImages ? "" : Interleaved ? ", interleaved" : ", planar";
        string clip = Frames > 0 ? $"{Frames} frames of " : "";
        return $"{clip}{Height}×{Width} pixels of {Channels} channel{(Channels == 1 ? "" : "s")}{order}";
    }
}
