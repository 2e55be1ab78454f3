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
    const int Columns = 10, Gap = 6, Caption = 212;

    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of the images.</param>
    /// <param name="chosen">The numbers of the images to show.</param>
    /// <param name="rows">The formats.</param>
    public static Canvas Formats(
        string title, string remark, ImageShape shape, IReadOnlyList<int> chosen, IReadOnlyList<CompressedRow> rows)
    {
        int scale = shape.Scale(64), wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        int left = Canvas.Margin + Caption, width = left + Math.Max(6, chosen.Count) * wide - Gap + Canvas.Margin;
        int header = Canvas.HeadingHeight(remark, width);
        var canvas = new Canvas(width, header + rows.Count * tall - Gap + Canvas.Margin);
        canvas.WriteHeading(title, remark);
        for (int row = 0; row < rows.Count; row++)
        {
            int top = header + row * tall, middle = top + (tall - Gap) / 2;
            string size = Text($"{rows[row].BytesPerImage:#,0.0} bytes") + (rows[row].Psnr is double psnr ? Text($", {psnr:0.0} dB") : "");
            canvas.Write(Lettering.Shorten(rows[row].Name, Caption - 10), Canvas.Margin, middle - 9, Color.Ink);
            canvas.Write(size, Canvas.Margin, middle + 9, Color.Muted);
            for (int column = 0; column < chosen.Count; column++)
            {
                Tile tile = Tile.FromPlanar(rows[row].Images[chosen[column]], shape.Channels, shape.Height, shape.Width);
                canvas.Draw(tile, left + column * wide, top, scale);
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
