using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Pictures;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The pictures for the person at the screen: what was sampled, and what was completed.</summary>
internal static class GeneratePictures
{
    const int MostColumns = 16;
    const int Margin = 24;
    const int Gap = 6;
    const int HeaderHeight = 56;
    const int CaptionWidth = 90;

    /// <summary>A row a class.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of the pictures.</param>
    /// <param name="classes">The classes, in their order.</param>
    /// <param name="samples">As many pictures of each class, class after class.</param>
    public static Picture Samples(
        string title, string remark, ImageShape shape, IReadOnlyList<string> classes, IReadOnlyList<LabelledImage> samples)
    {
        int perClass = samples.Count / classes.Count, columns = Math.Min(perClass, MostColumns), scale = Scale(shape);
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        var picture = new Picture(CaptionWidth + columns * wide + Margin, HeaderHeight + classes.Count * tall + Margin - Gap);
        Header(picture, title, remark);
        for (int row = 0; row < classes.Count; row++)
        {
            int top = HeaderHeight + row * tall;
            picture.Write(classes[row], Margin / 2, top + tall / 2 - 6, Color.Ink);
            for (int column = 0; column < columns; column++)
                picture.Draw(Shown(samples[row * perClass + column].Pixels, shape), CaptionWidth + column * wide, top, scale);
        }
        return picture;
    }

    /// <summary>A column for each picture: the original, what is kept of it, and its completions.</summary>
    public static Picture Completions(
        string title, string remark, ImageShape shape, IReadOnlyList<EncodedImage> originals, int keptRows,
        IReadOnlyList<LabelledImage> completed)
    {
        int each = completed.Count / originals.Count, scale = Scale(shape);
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        const int labelHeight = 20;
        var picture = new Picture(
            CaptionWidth + originals.Count * wide + Margin, HeaderHeight + labelHeight + (2 + each) * tall + Margin - Gap);
        Header(picture, title, remark);
        string[] captions = ["original", "given", .. Enumerable.Range(1, each).Select(number => $"sampled {number}")];
        for (int row = 0; row < captions.Length; row++)
            picture.Write(captions[row], Margin / 2, HeaderHeight + labelHeight + row * tall + tall / 2 - 6, Color.Ink);
        for (int column = 0; column < originals.Count; column++)
        {
            int left = CaptionWidth + column * wide, top = HeaderHeight + labelHeight;
            picture.WriteCentred(originals[column].Class, left + (wide - Gap) / 2, HeaderHeight + 4, Color.Ink);
            Tile original = Shown(originals[column].Pixels, shape);
            picture.Draw(original, left, top, scale);
            picture.Draw(original, left, top + tall, scale);
            picture.Fill(left, top + tall + keptRows * scale, shape.Width * scale, (shape.Height - keptRows) * scale, Color.Faint);
            for (int i = 0; i < each; i++)
                picture.Draw(Shown(completed[column * each + i].Pixels, shape), left, top + (2 + i) * tall, scale);
        }
        return picture;
    }

    static void Header(Picture picture, string title, string remark)
    {
        picture.Write(title, Margin / 2, 14, Color.Ink, 2);
        picture.Write(remark, Margin / 2, 36, Color.Accent);
    }

    static Tile Shown(float[] pixels, ImageShape shape) => Tile.FromPlanar(pixels, shape.Channels, shape.Height, shape.Width);

    /// <summary>Around 60 pixels a picture: many fit, and each can be seen.</summary>
    static int Scale(ImageShape shape) => Math.Max(1, 64 / Math.Max(shape.Height, shape.Width));
}
