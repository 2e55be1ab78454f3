using System.Globalization;
using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Reads images, given as vectors or as MLImage, or clips of them, as planar values in the column's own units.</summary>
internal sealed class PixelReader : RowReader
{
    readonly ImageFormat _format;
    readonly DataViewRow _row;
    readonly string _column;
    readonly float[] _block;
    readonly ValueGetter<VBuffer<float>>? _vectors;
    readonly ValueGetter<MLImage>? _images;
    readonly float[] _scratch;
    VBuffer<float> _vector;
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
        else
            _vectors = row.GetGetter<VBuffer<float>>(column);
    }

    public override void Read(int slot) => Read(_block.AsSpan(slot * _format.ValuesOfRow, _format.ValuesOfRow));

    public override IReadOnlyList<Tensor> ToTensors(int count) => [ToTensor<float>(
        _block.AsSpan(0, count * _format.ValuesOfRow), ScalarType.Float32,
        (long)count * _format.ImagesOfRow, _format.Channels, _format.Height, _format.Width)];

    /// <summary>Reads the images of the current row, planar, and checks them.</summary>
    public void Read(Span<float> planar)
    {
        if (_images is not null)
        {
            // Not disposed here: the image may be the caller's own object, and ML.NET's loaders dispose theirs when they are handed it
            // back.
            _images(ref _image!);
            ReadImage(_image, planar);
            return;
        }
        _vectors!(ref _vector);
        if (_vector.Length != planar.Length)
            throw Bad($"has {_vector.Length} values; expected are {planar.Length} ({_format})");
        Span<float> values = _format.Interleaved ? _scratch : planar;
        _vector.CopyTo(values);
        int slot = Finite.IndexOfOther(values);
        if (slot >= 0)
        {
            throw Bad(string.Create(CultureInfo.InvariantCulture, $"has {values[slot]} in slot {slot}; ")
                + "every value must be a finite number. "
                + "Replace or filter missing values first (ReplaceMissingValues, FilterRowsByMissingValues)");
        }
        if (!_format.Interleaved)
            return;
        for (int at = 0; at < planar.Length; at += _format.ValueCount)
            Planes.Split(values.Slice(at, _format.ValueCount), planar.Slice(at, _format.ValueCount), _format.Channels);
    }

    void ReadImage(MLImage? image, Span<float> planar)
    {
        if (image is null)
            throw Bad("has no image");
        if (image.Height != _format.Height || image.Width != _format.Width)
        {
            throw Bad($"has an image of {image.Height}×{image.Width} pixels; expected are {_format.Height}×{_format.Width}. "
                + "Use ResizeImages first");
        }
        (int red, int green, int blue) = image.PixelFormat switch
        {
            MLPixelFormat.Bgra32 => (2, 1, 0),
            MLPixelFormat.Rgba32 => (0, 1, 2),
            MLPixelFormat other => throw Bad($"has an image in the pixel format {other}; expected is Bgra32 or Rgba32"),
        };
        Planes.FromBytes(image.Pixels, planar, _format.Channels, red, green, blue);
    }

    InvalidOperationException Bad(string what) => new($"Row {_row.Position} of column '{_column}' {what}.");
}
