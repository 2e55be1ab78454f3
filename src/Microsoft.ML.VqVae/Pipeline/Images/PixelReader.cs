using System.Globalization;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Reads images or clips, from vectors or MLImage, as planar values in the units of the column.</summary>
internal sealed class PixelReader : RowReader
{
    readonly ImageFormat _format;
    readonly DataViewRow _row;
    readonly string _column;
    readonly float[] _block;
    readonly ValueGetter<VBuffer<float>>? _vectors;
    readonly ValueGetter<VBuffer<byte>>? _bytes;
    readonly ValueGetter<MLImage>? _images;
    readonly float[] _scratch;
    VBuffer<float> _vector;
    VBuffer<byte> _byteVector;
    MLImage? _image;

    public PixelReader(ImageFormat format, DataViewRow row, DataViewSchema.Column column, int capacity)
    {
        _format = format;
        _row = row;
        _column = column.Name;
        _block = new float[checked(capacity * format.ValuesOfRow)];
        _scratch = format.Interleaved && !format.FromImages ? new float[format.ValuesOfRow] : [];
        if (format.FromImages)
            _images = row.GetGetter<MLImage>(column);
        else if (PixelInput.HoldsBytes(column.Type))
            _bytes = row.GetGetter<VBuffer<byte>>(column);
        else
            _vectors = row.GetGetter<VBuffer<float>>(column);
    }

    public override void Read(int slot) => Read(_block.AsSpan(slot * _format.ValuesOfRow, _format.ValuesOfRow));

    public override IReadOnlyList<Tensor> ToTensors(int first, int count) => [ToTensor<float>(
        _block.AsSpan(first * _format.ValuesOfRow, count * _format.ValuesOfRow), ScalarType.Float32,
        (long)count * _format.ImagesOfRow, _format.Channels, _format.Height, _format.Width)];

    /// <summary>Reads and checks the images of the current row, planar.</summary>
    public void Read(Span<float> planar)
    {
        if (_images is not null)
        {
            // Not disposed here: the image may belong to the caller, and ML.NET's loaders dispose of theirs when it is passed back to
            // them.
            Get(_images, ref _image!);
            Planes.FromImage(_image, planar, _format, problem => Bad(problem));
            return;
        }
        Span<float> values = _format.Interleaved ? _scratch : planar;
        if (_bytes is not null)
            ReadBytes(values);
        else
            ReadNumbers(values);
        if (!_format.Interleaved)
            return;
        for (int at = 0; at < planar.Length; at += _format.ValueCount)
            Planes.Split(values.Slice(at, _format.ValueCount), planar.Slice(at, _format.ValueCount), _format.Channels);
    }

    void ReadNumbers(Span<float> values)
    {
        Get(_vectors!, ref _vector);
        RequireSize(_vector.Length, values.Length);
        _vector.CopyTo(values);
        int slot = Finite.IndexOfOther(values);
        if (slot >= 0)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"has {values[slot]} in slot {slot}; ")
                + "every value must be a finite number. "
                + "Replace or filter missing values first (ReplaceMissingValues, FilterRowsByMissingValues)");
        }
    }

    /// <summary>Reads bytes as the numbers that they stand for.</summary>
    void ReadBytes(Span<float> values)
    {
        Get(_bytes!, ref _byteVector);
        RequireSize(_byteVector.Length, values.Length);
        foreach (KeyValuePair<int, byte> item in _byteVector.Items(all: true))
            values[item.Key] = (item.Value - _format.ImageOffset) * _format.ImageScale;
    }

    void RequireSize(int found, int expected)
    {
        if (found != expected)
            throw Bad($"has {found} values; expected are {expected} ({_format})");
    }

    void Get<T>(ValueGetter<T> getter, ref T value)
    {
        try
        {
            getter(ref value);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw UnreadableRow.Error(_column, _row.Position, exception);
        }
    }

    /// <summary>The pixels of an image of 1 or 3 channels as a row of a column of vectors, in its layout and units.</summary>
    public static float[] ToVector(MLImage image, ImageFormat format)
    {
        float[] planar = new float[format.ValueCount];
        Planes.FromImage(image, planar, format, problem => new InvalidOperationException($"The call {problem}."));
        for (int i = 0; i < planar.Length; i++)
            planar[i] = (planar[i] - format.ImageOffset) * format.ImageScale;
        if (!format.Interleaved)
            return planar;
        float[] interleaved = new float[planar.Length];
        Planes.Merge(planar, interleaved, format.Channels);
        return interleaved;
    }

    InvalidOperationException Bad(string what) => new($"Row {_row.Position} of column '{_column}' {what}.");
}

/// <summary>Planar pixels [images, C, H, W] as vectors in the layout of the format, with the images of a row one after the other.</summary>
internal sealed class PixelColumn(ImageFormat format, int capacity) : BatchColumn
{
    readonly float[] _planar = new float[checked(format.ValuesOfRow * capacity)];

    public override void Store(Tensor values) => CopyOut<float>(values, ScalarType.Float32, _planar);

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
    {
        ReadOnlySpan<float> planar = _planar.AsSpan(slot() * format.ValuesOfRow, format.ValuesOfRow);
        if (!format.Interleaved)
        {
            Copy(planar, ref value);
            return;
        }
        VBufferEditor<float> editor = VBufferEditor.Create(ref value, planar.Length);
        for (int at = 0; at < planar.Length; at += format.ValueCount)
            Planes.Merge(planar.Slice(at, format.ValueCount), editor.Values.Slice(at, format.ValueCount), format.Channels);
        value = editor.Commit();
    });
}

/// <summary>Planar pixels [rows, C, H, W] as images; each is a new object, owned by the caller.</summary>
internal sealed class ImageColumn(ImageFormat format, int capacity) : BatchColumn
{
    readonly float[] _planar = new float[checked(format.ValueCount * capacity)];

    public override void Store(Tensor values) => CopyOut<float>(values, ScalarType.Float32, _planar);

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<MLImage>)((ref MLImage value) =>
    {
        byte[] rgba = new byte[format.PixelCount * 4];
        Planes.ToBytes(_planar.AsSpan(slot() * format.ValueCount, format.ValueCount), rgba, format);
        value = MLImage.CreateFromPixels(format.Width, format.Height, MLPixelFormat.Rgba32, rgba);
    });
}

/// <summary>Converts pixels between interleaved (pixel by pixel), planar (channel by channel) and the bytes of an MLImage.</summary>
internal static class Planes
{
    public static void Split(ReadOnlySpan<float> interleaved, Span<float> planar, int channels)
    {
        int pixels = interleaved.Length / channels;
        for (int channel = 0; channel < channels; channel++)
        {
            Span<float> plane = planar.Slice(channel * pixels, pixels);
            for (int pixel = 0, from = channel; pixel < plane.Length; pixel++, from += channels)
                plane[pixel] = interleaved[from];
        }
    }

    public static void Merge(ReadOnlySpan<float> planar, Span<float> interleaved, int channels)
    {
        int pixels = planar.Length / channels;
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<float> plane = planar.Slice(channel * pixels, pixels);
            for (int pixel = 0, to = channel; pixel < plane.Length; pixel++, to += channels)
                interleaved[to] = plane[pixel];
        }
    }

    /// <summary>Checks an image, and converts it to planar values from 0 to 255.</summary>
    public static void FromImage(MLImage? image, Span<float> planar, ImageFormat format, Func<string, InvalidOperationException> bad)
    {
        if (image is null)
            throw bad("has no image");
        if (image.Height != format.Height || image.Width != format.Width)
        {
            throw bad($"has an image of {image.Height}×{image.Width} pixels; expected are {format.Height}×{format.Width}. "
                + "Use ResizeImages first");
        }
        (int red, int green, int blue) = image.PixelFormat switch
        {
            MLPixelFormat.Bgra32 => (2, 1, 0),
            MLPixelFormat.Rgba32 => (0, 1, 2),
            MLPixelFormat other => throw bad($"has an image in the pixel format {other}; expected is Bgra32 or Rgba32"),
        };
        FromBytes(image.Pixels, planar, format.Channels, red, green, blue);
    }

    /// <summary>Converts four bytes per pixel to planar red, green and blue, or to luminance (ITU-R BT.601) if there is one
    /// channel.</summary>
    public static void FromBytes(ReadOnlySpan<byte> bytes, Span<float> planar, int channels, int red, int green, int blue)
    {
        int pixels = planar.Length / channels;
        for (int pixel = 0, from = 0; pixel < pixels; pixel++, from += 4)
        {
            float r = bytes[from + red], g = bytes[from + green], b = bytes[from + blue];
            if (channels == 1)
            {
                planar[pixel] = r == g && g == b ? r : 0.299f * r + 0.587f * g + 0.114f * b;
                continue;
            }
            planar[pixel] = r;
            planar[pixels + pixel] = g;
            planar[2 * pixels + pixel] = b;
        }
    }

    /// <summary>Converts planar values to the bytes R, G, B, A of an image; the value of a byte b is (b − offset) · scale.</summary>
    public static void ToBytes(ReadOnlySpan<float> planar, Span<byte> rgba, ImageFormat format)
    {
        int pixels = format.PixelCount;
        for (int pixel = 0, to = 0; pixel < pixels; pixel++, to += 4)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                float value = planar[format.Channels == 1 ? pixel : channel * pixels + pixel];
                rgba[to + channel] = (byte)Math.Clamp(MathF.Round(value / format.ImageScale + format.ImageOffset), 0, 255);
            }
            rgba[to + 3] = 255;
        }
    }
}
