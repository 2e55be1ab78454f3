using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Pictures;

namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>The picture for the person at the screen: what is left of a picture that went through a handful of latents.</summary>
internal static class TwoLevelPictures
{
    const int Margin = 24;
    const int Gap = 6;
    const int HeaderHeight = 60;
    const int CaptionWidth = 130;

    /// <summary>A column for each picture, a row for each way to show it.</summary>
    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of the pictures.</param>
    /// <param name="rows">The caption of each row and its pictures.</param>
    public static Picture Reconstructions(
        string title, string remark, ImageShape shape, IReadOnlyList<(string Caption, IReadOnlyList<float[]> Pictures)> rows)
    {
        int scale = Math.Max(1, 64 / Math.Max(shape.Height, shape.Width));
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        var picture = new Picture(CaptionWidth + rows[0].Pictures.Count * wide + Margin, HeaderHeight + rows.Count * tall + Margin - Gap);
        picture.Write(title, Margin / 2, 14, Color.Ink, 2);
        picture.Write(remark, Margin / 2, 38, Color.Accent);
        for (int row = 0; row < rows.Count; row++)
        {
            int top = HeaderHeight + row * tall;
            picture.Write(rows[row].Caption, Margin / 2, top + tall / 2 - 6, Color.Ink);
            for (int column = 0; column < rows[row].Pictures.Count; column++)
            {
                Tile tile = Tile.FromPlanar(rows[row].Pictures[column], shape.Channels, shape.Height, shape.Width);
                picture.Draw(tile, CaptionWidth + column * wide, top, scale);
            }
        }
        return picture;
    }
}
