using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>Random changes of images that leave what they show: a shift by a few pixels and, in half of the cases, a rectangle without
/// content.</summary>
internal static class ChangedImages
{
    const int MaxShift = 2;

    /// <summary>The largest side of the rectangle, as a share of the image's.</summary>
    const double MaxErased = 0.4;

    /// <summary>The view with changed pixels. The change of an image follows from its pixels, so that every cursor reads the same.</summary>
    public static IDataView Transform(MLContext ml, IDataView images, ImageShape shape)
    {
        var schema = SchemaDefinition.Create(typeof(PixelsOnly));
        schema[nameof(PixelsOnly.Pixels)].ColumnType =
            new VectorDataViewType(NumberDataViewType.Single, shape.Channels, shape.Height, shape.Width);
        return ml.Transforms.CustomMapping<PixelsOnly, PixelsOnly>(
            (source, changed) => changed.Pixels = Change(source.Pixels, shape), contractName: null, schema, schema).Fit(images).Transform(images);
    }

    /// <summary>A changed copy of the planar values of an image.</summary>
    public static float[] Change(float[] pixels, ImageShape shape)
    {
        var random = new Random(pixels.Aggregate(17, (seed, value) => unchecked((31 * seed) + (int)value)));
        int down = random.Next(-MaxShift, MaxShift + 1), right = random.Next(-MaxShift, MaxShift + 1);
        bool erases = random.Next(2) == 0;
        int height = random.Next(1, (int)(MaxErased * shape.Height) + 1), width = random.Next(1, (int)(MaxErased * shape.Width) + 1);
        int top = random.Next(shape.Height - height + 1), left = random.Next(shape.Width - width + 1);

        float[] changed = new float[pixels.Length];
        for (int slot = 0; slot < pixels.Length; slot++)
        {
            int row = slot / shape.Width % shape.Height, column = slot % shape.Width;
            bool erased = erases && row >= top && row < top + height && column >= left && column < left + width;
            bool inside = row - down >= 0 && row - down < shape.Height && column - right >= 0 && column - right < shape.Width;
            if (inside && !erased)
                changed[slot] = pixels[slot - (down * shape.Width) - right];
        }
        return changed;
    }

    sealed class PixelsOnly
    {
        public float[] Pixels { get; set; } = [];
    }
}
