using System.Globalization;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Compression;

/// <summary>A row of the picture of the compress sample.</summary>
/// <param name="Name">The name of the format.</param>
/// <param name="BytesPerImage">The mean number of bytes of an image.</param>
/// <param name="Psnr">The PSNR; null for originals.</param>
/// <param name="Images">All images, of which those in the picture are taken.</param>
internal sealed record CompressedRow(string Name, double BytesPerImage, double? Psnr, IReadOnlyList<float[]> Images);

/// <summary>The picture of the compress sample: the same images in each format.</summary>
internal static class CompressFigures
{
    const int Columns = 10, Margin = 12, Gap = 6, HeaderHeight = 56, CaptionWidth = 170;

    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of the images.</param>
    /// <param name="chosen">The numbers of the images to show.</param>
    /// <param name="rows">The formats.</param>
    public static Canvas Formats(
        string title, string remark, ImageShape shape, IReadOnlyList<int> chosen, IReadOnlyList<CompressedRow> rows)
    {
        int scale = Math.Max(1, 64 / Math.Max(shape.Height, shape.Width));
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        var canvas = new Canvas(CaptionWidth + Math.Max(6, chosen.Count) * wide + Margin, HeaderHeight + rows.Count * tall + Margin - Gap);
        canvas.WriteHeading(title, remark, Margin);
        for (int row = 0; row < rows.Count; row++)
        {
            int top = HeaderHeight + row * tall, middle = top + tall / 2;
            canvas.Write(rows[row].Name, Margin, middle - 18, Color.Ink);
            canvas.Write(Text($"{rows[row].BytesPerImage:0.0} bytes"), Margin, middle - 6, Color.Ink);
            if (rows[row].Psnr is double psnr)
                canvas.Write(Text($"{psnr:0.0} dB"), Margin, middle + 6, Color.Ink);
            for (int column = 0; column < chosen.Count; column++)
            {
                Tile tile = Tile.FromPlanar(rows[row].Images[chosen[column]], shape.Channels, shape.Height, shape.Width);
                canvas.Draw(tile, CaptionWidth + column * wide, top, scale);
            }
        }
        return canvas;
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The numbers of images to show: one of each class in turn.</summary>
    public static int[] Choose(IReadOnlyList<string> classes)
    {
        List<int>[] byClass = [.. Enumerable.Range(0, classes.Count).GroupBy(number => classes[number])
            .OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => group.ToList())];
        return [.. Enumerable.Range(0, classes.Count).SelectMany(turn =>
            byClass.Where(numbers => numbers.Count > turn).Select(numbers => numbers[turn])).Take(Columns)];
    }
}
