using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The figures of the generate sample.</summary>
internal static class GenerateFigures
{
    const int MostColumns = 16;
    const int Margin = 24;
    const int Gap = 6;
    const int HeaderHeight = 56;
    const int CaptionWidth = 90;

    /// <summary>One row of samples per class.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of the images.</param>
    /// <param name="classes">The classes, in their order.</param>
    /// <param name="samples">The images, the same number per class, ordered by class.</param>
    public static Canvas Samples(
        string title, string remark, ImageShape shape, IReadOnlyList<string> classes, IReadOnlyList<LabelledImage> samples)
    {
        int perClass = samples.Count / classes.Count, columns = Math.Min(perClass, MostColumns), scale = Scale(shape);
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        var canvas = new Canvas(CaptionWidth + columns * wide + Margin, HeaderHeight + classes.Count * tall + Margin - Gap);
        canvas.WriteHeading(title, remark, Margin / 2);
        for (int row = 0; row < classes.Count; row++)
        {
            int top = HeaderHeight + row * tall;
            canvas.Write(classes[row], Margin / 2, top + tall / 2 - 6, Color.Ink);
            for (int column = 0; column < columns; column++)
                canvas.Draw(Shown(samples[row * perClass + column].Pixels, shape), CaptionWidth + column * wide, top, scale);
        }
        return canvas;
    }

    /// <summary>One column per image: the original, the given part, and the completions.</summary>
    public static Canvas Completions(
        string title, string remark, ImageShape shape, IReadOnlyList<EncodedImage> originals, int keptRows,
        IReadOnlyList<LabelledImage> completed)
    {
        int each = completed.Count / originals.Count, scale = Scale(shape);
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        const int labelHeight = 20;
        var canvas = new Canvas(
            CaptionWidth + originals.Count * wide + Margin, HeaderHeight + labelHeight + (2 + each) * tall + Margin - Gap);
        canvas.WriteHeading(title, remark, Margin / 2);
        string[] captions = ["original", "given", .. Enumerable.Range(1, each).Select(number => $"sample {number}")];
        for (int row = 0; row < captions.Length; row++)
            canvas.Write(captions[row], Margin / 2, HeaderHeight + labelHeight + row * tall + tall / 2 - 6, Color.Ink);
        for (int column = 0; column < originals.Count; column++)
        {
            int left = CaptionWidth + column * wide, top = HeaderHeight + labelHeight;
            canvas.WriteCentered(originals[column].Class, left + (wide - Gap) / 2, HeaderHeight + 4, Color.Ink);
            Tile original = Shown(originals[column].Pixels, shape);
            canvas.Draw(original, left, top, scale);
            canvas.Draw(original, left, top + tall, scale);
            canvas.Fill(left, top + tall + keptRows * scale, shape.Width * scale, (shape.Height - keptRows) * scale, Color.Faint);
            for (int i = 0; i < each; i++)
                canvas.Draw(Shown(completed[column * each + i].Pixels, shape), left, top + (2 + i) * tall, scale);
        }
        return canvas;
    }

    static Tile Shown(float[] pixels, ImageShape shape) => Tile.FromPlanar(pixels, shape.Channels, shape.Height, shape.Width);

    /// <summary>A scale at which an image has about 60 pixels.</summary>
    static int Scale(ImageShape shape) => Math.Max(1, 64 / Math.Max(shape.Height, shape.Width));
}
