using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae;

/// <summary>Reads the numbers of one row, whichever kind of column they lie in. The span is good until the next row.</summary>
internal delegate ReadOnlySpan<float> ValueGetter();

internal static class ValueGetters
{
    public static ValueGetter For(DataViewRow row, DataViewSchema.Column column) =>
        column.Type is ImageDataViewType ? FromImages(row, column) : FromVectors(row, column);

    static ValueGetter FromVectors(DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<VBuffer<float>>(column);
        VBuffer<float> buffer = default;
        var values = new float[((VectorDataViewType)column.Type).Size];
        return () =>
        {
            getter(ref buffer);
            buffer.CopyTo(values);
            return values;
        };
    }

    static ValueGetter FromImages(DataViewRow row, DataViewSchema.Column column)
    {
        var getter = row.GetGetter<MLImage>(column);
        MLImage? image = null;
        float[] values = [];
        return () =>
        {
            getter(ref image!);
            if (image is null)
                throw new InvalidOperationException($"Row {row.Position} of the column '{column.Name}' holds no image.");
            ReadOnlySpan<byte> pixels = image.Pixels;
            if (values.Length != pixels.Length / 4 * 3)
                values = new float[pixels.Length / 4 * 3];
            // Red and blue may be swapped from one image to the other; alpha is no part of what is encoded.
            int red = image.PixelFormat == MLPixelFormat.Bgra32 ? 2 : 0;
            for (int pixel = 0, value = 0; value < values.Length; pixel += 4)
            {
                values[value++] = pixels[pixel + red];
                values[value++] = pixels[pixel + 1];
                values[value++] = pixels[pixel + 2 - red];
            }
            return values;
        };
    }
}
