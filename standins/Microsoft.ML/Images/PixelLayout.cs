using Microsoft.ML.Runtime;
using ColorBits = Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator.ColorBits;
using ColorsOrder = Microsoft.ML.Transforms.Image.ImagePixelExtractingEstimator.ColorsOrder;

namespace Microsoft.ML.Transforms.Image;

/// <summary>Which colours a vector of pixels holds, in which order, and whether pixel by pixel or plane by plane.</summary>
internal sealed class PixelLayout
{
    private readonly ColorBits _colors;
    private readonly ColorsOrder _order;

    internal PixelLayout(ColorBits colors, ColorsOrder order, bool interleaved)
    {
        _colors = colors;
        _order = order;
        Interleaved = interleaved;
        // The letters of an order's name say it all.
        string present = string.Concat(order.ToString().Where(letter => colors.HasFlag(Bit(letter))));
        Planes = present.Length;
        Contracts.CheckParam(Planes > 0, nameof(colors), "Need to use at least one color plane.");
        PlaneOf = [.. "BGRA".Select(letter => present.IndexOf(letter))];
    }

    internal PixelLayout(BinaryReader reader) : this((ColorBits)reader.ReadByte(), (ColorsOrder)reader.ReadByte(), reader.ReadBoolean()) { }

    internal bool Interleaved { get; }

    internal int Planes { get; }

    /// <summary>The plane of blue, green, red and alpha; -1 for those that are absent.</summary>
    internal int[] PlaneOf { get; }

    internal int[] Dimensions(int height, int width) => Interleaved ? [height, width, Planes] : [Planes, height, width];

    /// <summary>The place of a pixel's plane in a vector of as many pixels.</summary>
    internal int Index(int pixel, int plane, int pixels) => Interleaved ? pixel * Planes + plane : plane * pixels + pixel;

    internal void Save(BinaryWriter writer)
    {
        writer.Write((byte)_colors);
        writer.Write((byte)_order);
        writer.Write(Interleaved);
    }

    private static ColorBits Bit(char letter) =>
        letter switch { 'A' => ColorBits.Alpha, 'R' => ColorBits.Red, 'G' => ColorBits.Green, _ => ColorBits.Blue };
}
