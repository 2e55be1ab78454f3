using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>The figure of the two-level sample: reconstructions from a few latents.</summary>
internal static class TwoLevelFigures
{
    const int Margin = 24;
    const int Gap = 6;
    const int HeaderHeight = 60;
    const int CaptionWidth = 130;

    /// <summary>One column per image, one row per kind of reconstruction.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of the images.</param>
    /// <param name="rows">The caption of each row and its images.</param>
    public static Canvas Reconstructions(
        string title, string remark, ImageShape shape, IReadOnlyList<(string Caption, IReadOnlyList<float[]> Images)> rows)
    {
        int scale = Math.Max(1, 64 / Math.Max(shape.Height, shape.Width));
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        var canvas = new Canvas(CaptionWidth + rows[0].Images.Count * wide + Margin, HeaderHeight + rows.Count * tall + Margin - Gap);
        canvas.WriteHeading(title, remark, Margin / 2);
        for (int row = 0; row < rows.Count; row++)
        {
            int top = HeaderHeight + row * tall;
            canvas.Write(rows[row].Caption, Margin / 2, top + tall / 2 - 6, Color.Ink);
            for (int column = 0; column < rows[row].Images.Count; column++)
            {
                Tile tile = Tile.FromPlanar(rows[row].Images[column], shape.Channels, shape.Height, shape.Width);
                canvas.Draw(tile, CaptionWidth + column * wide, top, scale);
            }
        }
        return canvas;
    }
}
