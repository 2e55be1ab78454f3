using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>The figure of the two-level sample: reconstructions from a few latents.</summary>
internal static class TwoLevelFigures
{
    const int Gap = 6, Caption = 128, LabelHeight = 22;

    /// <summary>One column per image, one row per kind of reconstruction.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of the images.</param>
    /// <param name="labels">The class of each column.</param>
    /// <param name="rows">The caption of each row and its images.</param>
    public static Canvas Reconstructions(
        string title, string remark, ImageShape shape, IReadOnlyList<string> labels,
        IReadOnlyList<(string Caption, IReadOnlyList<float[]> Images)> rows)
    {
        int scale = shape.Scale(72), wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        int left = Canvas.Margin + Caption, width = left + rows[0].Images.Count * wide - Gap + Canvas.Margin;
        int top = Canvas.HeadingHeight(remark, width), imagesTop = top + LabelHeight;
        var canvas = new Canvas(width, imagesTop + rows.Count * tall - Gap + Canvas.Margin);
        canvas.WriteHeading(title, remark);
        foreach ((int column, string label) in labels.Index())
        {
            double center = left + column * wide + (wide - Gap) / 2.0;
            canvas.WriteLabel(label, center, top + LabelHeight / 2 - 2, wide - 2, Color.Ink);
        }
        foreach ((int row, (string caption, IReadOnlyList<float[]> images)) in rows.Index())
        {
            canvas.Write(caption, Canvas.Margin, imagesTop + row * tall + (tall - Gap) / 2, Color.Ink);
            foreach ((int column, float[] image) in images.Index())
            {
                Tile tile = Tile.FromPlanar(image, shape.Channels, shape.Height, shape.Width);
                canvas.Draw(tile, left + column * wide, imagesTop + row * tall, scale);
            }
        }
        return canvas;
    }
}
