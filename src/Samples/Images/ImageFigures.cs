using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>The figures of the images sample: originals, reconstructions and codes.</summary>
internal static class ImageFigures
{
    public const int Columns = 10;
    const int Margin = 24;
    const int Gap = 8;
    const int HeaderHeight = 56;
    const int LabelHeight = 20;

    /// <summary>Picks images for a grid of ten columns, one class per column.</summary>
    /// <returns>For each column, as many images as there are rows, or fewer where the data has fewer.</returns>
    public static IReadOnlyList<List<EncodedImage>> Pick(IEnumerable<EncodedImage> images, IReadOnlyList<string> classes, int rows)
    {
        string[] wanted = [.. Enumerable.Range(0, Columns).Select(column => classes[column % classes.Count])];
        List<EncodedImage>[] columns = [.. wanted.Select(_ => new List<EncodedImage>())];
        foreach (EncodedImage image in images)
        {
            // Columns of the same class are filled evenly: the next image goes to the shortest.
            IEnumerable<List<EncodedImage>> unfilled = columns.Where((list, index) => wanted[index] == image.Class && list.Count < rows);
            unfilled.MinBy(list => list.Count)?.Add(image);
            if (columns.All(list => list.Count == rows))
                break;
        }
        return columns;
    }

    /// <summary>Pairs of rows: originals, each above its reconstruction.</summary>
    public static Canvas Reconstructions(
        string title, string remark, ImageShape shape, IReadOnlyList<List<EncodedImage>> columns, IReadOnlyList<string> labels)
    {
        int scale = Scale(shape), side = shape.Width * scale, tall = shape.Height * scale, rows = columns.Max(column => column.Count);
        const int caption = 120;
        var canvas = new Canvas(
            caption + Columns * (side + Gap) + Margin, HeaderHeight + LabelHeight + rows * (2 * tall + 4 + 2 * Gap) + Margin / 2);
        canvas.WriteHeading(title, remark, Margin);
        for (int row = 0; row < rows; row++)
        {
            int top = HeaderHeight + LabelHeight + row * (2 * tall + 4 + 2 * Gap);
            canvas.Write("original", Margin, top + tall / 2 - 3, Color.Ink);
            canvas.Write("reconstruction", Margin, top + tall + 4 + tall / 2 - 3, Color.Ink);
            for (int column = 0; column < columns.Count; column++)
            {
                if (row >= columns[column].Count)
                    continue;
                int left = caption + column * (side + Gap);
                if (row == 0)
                    canvas.WriteCentered(labels[column], left + side / 2, HeaderHeight + 4, Color.Ink);
                canvas.Draw(Shown(columns[column][row].Pixels, shape), left, top, scale);
                canvas.Draw(Shown(columns[column][row].Reconstruction, shape), left, top + tall + 4, scale);
            }
        }
        return canvas;
    }

    /// <summary>Images and the maps of their codes, the decoded patch of each code, and the frequency of each code.</summary>
    public static Canvas Codes(
        string title, string remark, ImageShape shape, IReadOnlyList<List<EncodedImage>> columns, IReadOnlyList<string> labels,
        (int Height, int Width, int CodesPerPosition) grid, CodeColors colors, VqVaeMetrics metrics)
    {
        int scale = Scale(shape), side = shape.Width * scale, tall = shape.Height * scale;
        // At most three codes per position are shown.
        int maps = Math.Min(grid.CodesPerPosition, 3);
        int width = 100 + Columns * (side + Gap) + Margin;
        const int patchesAcross = 32;
        int patchSide = Math.Max(1, (width - 2 * Margin) / patchesAcross);
        int patchRows = (colors.Order.Count + patchesAcross - 1) / patchesAcross;
        int mapsTop = HeaderHeight + LabelHeight;
        int atlasTop = mapsTop + (1 + maps) * (tall + 4) + 40, usageTop = atlasTop + patchRows * patchSide + 40;
        const int usageHeight = 90;
        var canvas = new Canvas(width, usageTop + usageHeight + Margin);
        canvas.WriteHeading(title, remark, Margin);

        canvas.Write("original", Margin, mapsTop + tall / 2 - 3, Color.Ink);
        for (int map = 0; map < maps; map++)
        {
            string label = maps == 1 ? "codes" : $"codes {map + 1}/{grid.CodesPerPosition}";
            canvas.Write(label, Margin, mapsTop + (map + 1) * (tall + 4) + tall / 2 - 3, Color.Ink);
        }
        for (int column = 0; column < columns.Count; column++)
        {
            if (columns[column].Count == 0)
                continue;
            EncodedImage image = columns[column][0];
            int left = 100 + column * (side + Gap);
            canvas.WriteCentered(labels[column], left + side / 2, HeaderHeight + 4, Color.Ink);
            canvas.Draw(Shown(image.Pixels, shape), left, mapsTop, scale);
            for (int map = 0; map < maps; map++)
                canvas.Draw(CodeMap(image.Codes, grid, map, colors), left, mapsTop + (map + 1) * (tall + 4), side / grid.Width);
        }

        string atlas = $"Decoded patch of each of the {colors.Order.Count} codes, from dark to bright";
        canvas.Write(atlas, Margin, atlasTop - 16, Color.Ink);
        for (int rank = 0; rank < colors.Order.Count; rank++)
        {
            Tile patch = colors.Patches[colors.Order[rank]];
            int patchScale = Math.Max(1, (patchSide - 2) / Math.Max(patch.Width, patch.Height));
            int left = Margin + rank % patchesAcross * patchSide, top = atlasTop + rank / patchesAcross * patchSide;
            canvas.Draw(patch, left, top, patchScale);
            canvas.Fill(left, top + patch.Height * patchScale, patch.Width * patchScale, 2, colors[colors.Order[rank]]);
        }

        string usage = $"{metrics.CodebookUsage:0.0%} used, perplexity {metrics.Perplexity:0}";
        canvas.Write($"Frequency of the codes in descending order: {usage}", Margin, usageTop - 16, Color.Ink);
        Charts.Bars(canvas, Margin, usageTop, width - 2 * Margin, usageHeight, metrics.CodeCounts, Color.Accent);
        return canvas;
    }

    static Tile CodeMap(uint[] codes, (int Height, int Width, int CodesPerPosition) grid, int map, CodeColors colors) =>
        new(grid.Width, grid.Height,
            [.. Enumerable.Range(0, grid.Height * grid.Width).Select(at => colors[(int)codes[at * grid.CodesPerPosition + map] - 1])]);

    static Tile Shown(float[] pixels, ImageShape shape) => Tile.FromPlanar(pixels, shape.Channels, shape.Height, shape.Width);

    /// <summary>A scale at which an image has about 90 pixels.</summary>
    static int Scale(ImageShape shape) => Math.Max(1, 96 / Math.Max(shape.Height, shape.Width));
}
