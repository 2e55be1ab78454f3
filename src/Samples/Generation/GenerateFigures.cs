using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The figures of the generate sample.</summary>
internal static class GenerateFigures
{
    const int MostColumns = 12, Gap = 6, Caption = 92, LabelHeight = 22;

    /// <summary>One row of samples per class.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of the images.</param>
    /// <param name="classes">The classes, in their order.</param>
    /// <param name="samples">The images, the same number per class, ordered by class.</param>
    public static Canvas Samples(
        string title, string remark, ImageShape shape, IReadOnlyList<string> classes, IReadOnlyList<LabelledImage> samples)
    {
        int perClass = samples.Count / classes.Count, columns = Math.Min(perClass, MostColumns), scale = shape.Scale(64);
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap, left = Canvas.Margin + Caption;
        int width = left + columns * wide - Gap + Canvas.Margin, header = Canvas.HeadingHeight(remark, width);
        var canvas = new Canvas(width, header + classes.Count * tall - Gap + Canvas.Margin);
        canvas.WriteHeading(title, remark);
        // Rows in the order of all pictures, that of the names.
        foreach ((int row, (int place, string name)) in classes.Index().OrderBy(one => one.Item, StringComparer.Ordinal).Index())
        {
            int top = header + row * tall;
            canvas.Write(Lettering.Shorten(name, Caption - 6), Canvas.Margin, top + (tall - Gap) / 2, Color.Ink);
            for (int column = 0; column < columns; column++)
                canvas.Draw(Shown(samples[place * perClass + column].Pixels, shape), left + column * wide, top, scale);
        }
        return canvas;
    }

    /// <summary>One column per image: the original, the given part, and the completions.</summary>
    public static Canvas Completions(
        string title, string remark, ImageShape shape, IReadOnlyList<EncodedImage> originals, int keptRows,
        IReadOnlyList<LabelledImage> completed)
    {
        int each = completed.Count / originals.Count, scale = shape.Scale(72), left = Canvas.Margin + Caption;
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        int width = left + originals.Count * wide - Gap + Canvas.Margin, header = Canvas.HeadingHeight(remark, width);
        int imagesTop = header + LabelHeight;
        var canvas = new Canvas(width, imagesTop + (2 + each) * tall - Gap + Canvas.Margin);
        canvas.WriteHeading(title, remark);
        string[] captions = ["original", "given", .. Enumerable.Range(1, each).Select(number => $"sample {number}")];
        foreach ((int row, string caption) in captions.Index())
            canvas.Write(caption, Canvas.Margin, imagesTop + row * tall + (tall - Gap) / 2, Color.Ink);
        for (int column = 0; column < originals.Count; column++)
        {
            int at = left + column * wide;
            canvas.WriteLabel(originals[column].Class, at + (wide - Gap) / 2.0, header + LabelHeight / 2 - 2, wide - 2, Color.Ink);
            Tile original = Shown(originals[column].Pixels, shape);
            canvas.Draw(original, at, imagesTop, scale);
            canvas.Draw(original, at, imagesTop + tall, scale);
            canvas.Fill(at, imagesTop + tall + keptRows * scale, shape.Width * scale, (shape.Height - keptRows) * scale, Color.Faint);
            for (int i = 0; i < each; i++)
                canvas.Draw(Shown(completed[column * each + i].Pixels, shape), at, imagesTop + (2 + i) * tall, scale);
        }
        return canvas;
    }

    static Tile Shown(float[] pixels, ImageShape shape) => Tile.FromPlanar(pixels, shape.Channels, shape.Height, shape.Width);
}
