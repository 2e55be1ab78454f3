using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>A row of a grid.</summary>
/// <param name="Caption">What its images are.</param>
/// <param name="Tiles">The images.</param>
/// <param name="Note">A second line below the caption; empty for none.</param>
internal sealed record ImageRow(string Caption, IReadOnlyList<Tile> Tiles, string Note = "");

/// <summary>A line below the images of a grid, with a text for each column.</summary>
internal sealed record TextRow(string Caption, IReadOnlyList<string> Texts);

/// <summary>The picture of most samples: rows of images of one size, each with a caption to its left.</summary>
internal static class ImageGrid
{
    const int Gap = 6, LabelHeight = 22, LineHeight = 18, MostCaption = 212, LeastWidth = 480;

    /// <param name="title">The heading.</param>
    /// <param name="remark">The line below it.</param>
    /// <param name="shape">The size of all images.</param>
    /// <param name="rows">The rows from top to bottom.</param>
    /// <param name="labels">The label above each column; null for none.</param>
    /// <param name="below">The lines below the images, the first of which is the one to look at; null for none.</param>
    public static Canvas Draw(
        string title, string remark, ImageShape shape, IReadOnlyList<ImageRow> rows, IReadOnlyList<string>? labels = null,
        IReadOnlyList<TextRow>? below = null)
    {
        below ??= [];
        int scale = shape.Scale(72), wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        IEnumerable<string> captions = rows.SelectMany(row => (string[])[row.Caption, row.Note]).Concat(below.Select(line => line.Caption));
        int caption = Math.Min(captions.Max(text => Lettering.Measure(text)), MostCaption), left = Canvas.Margin + caption + 12;
        int width = Math.Max(left + rows.Max(row => row.Tiles.Count) * wide - Gap + Canvas.Margin, LeastWidth);
        int header = Canvas.HeadingHeight(remark, width), top = header + (labels is null ? 0 : LabelHeight), bottom = top + rows.Count * tall;
        var canvas = new Canvas(width, bottom - Gap + below.Count * LineHeight + Canvas.Margin);
        canvas.WriteHeading(title, remark);
        foreach ((int column, string label) in (labels ?? []).Index())
            canvas.WriteLabel(label, Center(column), header + LabelHeight / 2 - 2, wide - 2, Color.Ink);
        foreach ((int row, ImageRow images) in rows.Index())
        {
            int at = top + row * tall, middle = at + (tall - Gap) / 2, apart = images.Note.Length > 0 ? LineHeight / 2 : 0;
            canvas.Write(Lettering.Shorten(images.Caption, caption), Canvas.Margin, middle - apart, Color.Ink);
            canvas.Write(images.Note, Canvas.Margin, middle + apart, Color.Muted);
            foreach ((int column, Tile tile) in images.Tiles.Index())
                canvas.Draw(tile, left + column * wide, at, scale);
        }
        foreach ((int number, TextRow line) in below.Index())
        {
            int middle = bottom + number * LineHeight + LineHeight / 2;
            canvas.Write(Lettering.Shorten(line.Caption, caption), Canvas.Margin, middle, Color.Ink);
            foreach ((int column, string text) in line.Texts.Index())
                canvas.Write(text, Center(column), middle, number == 0 ? Color.Accent : Color.Ink, align: Align.Center);
        }
        return canvas;

        double Center(int column) => left + column * wide + (wide - Gap) / 2.0;
    }
}
