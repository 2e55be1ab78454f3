using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>The figures of the images sample: originals, reconstructions and codes.</summary>
internal static class ImageFigures
{
    public const int Columns = 10;

    const int Gap = 6, LabelHeight = 22, Caption = 104;

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
        int scale = shape.Scale(72), side = shape.Width * scale, tall = shape.Height * scale, rows = columns.Max(column => column.Count);
        int width = Canvas.Margin + Caption + Columns * (side + Gap) - Gap + Canvas.Margin, block = 2 * tall + 3 + 2 * Gap + 2;
        int top = Canvas.HeadingHeight(remark, width);
        var canvas = new Canvas(width, top + LabelHeight + rows * block + Canvas.Margin - Gap);
        canvas.WriteHeading(title, remark);
        Labels(canvas, labels, side, top + LabelHeight / 2 - 2);
        for (int row = 0; row < rows; row++)
        {
            int at = top + LabelHeight + row * block;
            canvas.Write("original", Canvas.Margin, at + tall / 2, Color.Ink);
            canvas.Write("reconstruction", Canvas.Margin, at + tall + 3 + tall / 2, Color.Ink);
            for (int column = 0; column < columns.Count; column++)
            {
                if (row >= columns[column].Count)
                    continue;
                canvas.Draw(shape.Tile(columns[column][row].Pixels), Left(column, side), at, scale);
                canvas.Draw(shape.Tile(columns[column][row].Reconstruction), Left(column, side), at + tall + 3, scale);
            }
        }
        return canvas;
    }

    /// <summary>Three rows that say what a codec does: images, their codes, and the images that are decoded from the codes, with the bits
    /// of each.</summary>
    public static Canvas Overview(
        ImageShape shape, IReadOnlyList<EncodedImage> images, (int Height, int Width, int CodesPerPosition) grid, CodeColors colors)
    {
        const int labelWidth = 180;
        int codes = colors.Order.Count, scale = shape.Scale(96), side = shape.Width * scale, tall = shape.Height * scale;
        int perImage = grid.Height * grid.Width * grid.CodesPerPosition, before = 8 * shape.Values;
        double bits = perImage * Math.Log2(codes);
        int left = Canvas.Margin + labelWidth, step = tall + 2 * Gap;
        var canvas = new Canvas(left + images.Count * (side + Gap) - Gap + Canvas.Margin, 3 * step - 2 * Gap + 2 * Canvas.Margin);
        (string Name, string Size, string Note)[] rows =
        [
            ("Images", $"{before:N0} bits each", $"{shape.Height}×{shape.Width} pixels"),
            ("Codes", $"{bits:N0} bits each", $"{perImage} numbers below {codes}"),
            ("Decoded images", $"{before / bits:0} times fewer bits", "made of the codes alone"),
        ];
        foreach ((int row, (string name, string size, string note)) in rows.Index())
        {
            int top = Canvas.Margin + row * step, middle = top + tall / 2;
            canvas.Write(name, Canvas.Margin, middle - 24, Color.Ink, 17, bold: true);
            canvas.Write(size, Canvas.Margin, middle + 2, Color.Accent, 15, bold: true);
            canvas.Write(note, Canvas.Margin, middle + 24, Color.Muted);
            foreach ((int column, EncodedImage image) in images.Index())
            {
                int at = left + column * (side + Gap);
                if (row == 1)
                    canvas.Draw(CodeMap(image.Codes, grid, 0, colors), at, top, side / grid.Width);
                else
                    canvas.Draw(shape.Tile(row == 0 ? image.Pixels : image.Reconstruction), at, top, scale);
            }
        }
        return canvas;
    }

    /// <summary>From an image to codes and back, in steps that explain themselves: images and the grids of their codes, what each code looks
    /// like, and how often each is used.</summary>
    public static Canvas Codes(
        string name, ImageShape shape, IReadOnlyList<List<EncodedImage>> columns, IReadOnlyList<string> labels,
        (int Height, int Width, int CodesPerPosition) grid, CodeColors colors, VqVaeMetrics metrics)
    {
        int codes = colors.Order.Count, scale = shape.Scale(72), side = shape.Width * scale, tall = shape.Height * scale;
        // At most three codes per position are shown.
        int maps = Math.Min(grid.CodesPerPosition, 3), width = Canvas.Margin + Caption + Columns * (side + Gap) - Gap + Canvas.Margin;
        int bits = (int)Math.Ceiling(Math.Log2(codes)), perImage = grid.Height * grid.Width * grid.CodesPerPosition;
        string remark = $"An image of {shape} = {8 * shape.Values:N0} bits becomes a grid of {grid.Height}×{grid.Width} positions with "
            + $"{(grid.CodesPerPosition == 1 ? "one code" : $"{grid.CodesPerPosition} codes")} each. A code is a number below {codes}, that is "
            + $"{bits} bits: {perImage * bits:N0} bits per image. The decoder makes an image of the codes.";
        int top = Canvas.HeadingHeight(remark, width), mapsTop = top + LabelHeight, barTop = mapsTop + (1 + maps) * (tall + 4) + 8;
        // A patch takes about 24 pixels, with its color below it.
        Tile first = colors.Patches[0];
        int patchScale = Math.Max(1, 24 / Math.Max(first.Width, first.Height)), patchWidth = first.Width * patchScale;
        int patchHeight = first.Height * patchScale, across = (width - 2 * Canvas.Margin) / (patchWidth + 4);
        int atlasTop = barTop + 30 + 62, usageTop = atlasTop + (codes + across - 1) / across * (patchHeight + 7) + 10;
        string used = $"{metrics.CodebookUsage:0%} of the codes are used in {metrics.RowCount:N0} test images; perplexity {metrics.Perplexity:0} "
            + $"(as if {metrics.Perplexity:0} codes were equally frequent)";
        long all = Math.Max(metrics.CodeCounts.Sum(), 1);
        double[] shares = [.. metrics.CodeCounts.Select(count => 100.0 * count / all).OrderDescending()];
        Canvas usage = Charts.Lines("How often each code is used", used, new Axis("codes, from the most frequent", Min: 0, Max: codes),
            new Axis("share of all codes in %", Min: 0),
            [
                new Series("share of the code", Color.Accent, [.. shares.Select((share, rank) => ((double)rank, share))]),
                new Series("if all were equally frequent", Color.Muted, [(0, 100.0 / codes), (codes - 1, 100.0 / codes)]) { Dashed = true },
            ],
            width: width, height: 260);

        var canvas = new Canvas(width, usageTop + usage.Height);
        canvas.WriteHeading($"{name}: images as codes", remark);
        Labels(canvas, labels, side, top + LabelHeight / 2 - 2);
        canvas.Write("original", Canvas.Margin, mapsTop + tall / 2, Color.Ink);
        for (int map = 0; map < maps; map++)
        {
            string label = maps == 1 ? "its codes" : $"code {map + 1} of {grid.CodesPerPosition}";
            canvas.Write(label, Canvas.Margin, mapsTop + (map + 1) * (tall + 4) + tall / 2, Color.Ink);
        }
        for (int column = 0; column < columns.Count; column++)
        {
            if (columns[column].Count == 0)
                continue;
            EncodedImage image = columns[column][0];
            canvas.Draw(shape.Tile(image.Pixels), Left(column, side), mapsTop, scale);
            for (int map = 0; map < maps; map++)
            {
                canvas.Draw(
                    CodeMap(image.Codes, grid, map, colors), Left(column, side), mapsTop + (map + 1) * (tall + 4), side / grid.Width);
            }
        }
        canvas.DrawColorBar(Canvas.Margin + Caption, barTop, 220, "color of a code: its place in the list below",
            (0, "first"), (1, "last"));

        canvas.Write($"The {codes} codes", Canvas.Margin, atlasTop - 38, Color.Ink, Lettering.Title, bold: true);
        canvas.Write("The center of an image of one code everywhere, from dark to bright; below it, the color of the code",
            Canvas.Margin, atlasTop - 14, Color.Muted);
        for (int rank = 0; rank < codes; rank++)
        {
            Tile patch = colors.Patches[colors.Order[rank]];
            int left = Canvas.Margin + rank % across * (patchWidth + 4), at = atlasTop + rank / across * (patchHeight + 7);
            canvas.Draw(patch, left, at, patchScale);
            canvas.Fill(left, at + patchHeight, patchWidth, 3, colors[colors.Order[rank]]);
        }
        canvas.Draw(usage, 0, usageTop);
        return canvas;
    }

    static int Left(int column, int side) => Canvas.Margin + Caption + column * (side + Gap);

    static void Labels(Canvas canvas, IReadOnlyList<string> labels, int side, int middle)
    {
        foreach ((int column, string label) in labels.Index())
            canvas.WriteLabel(label, Left(column, side) + side / 2.0, middle, side + Gap, Color.Ink);
    }

    static Tile CodeMap(uint[] codes, (int Height, int Width, int CodesPerPosition) grid, int map, CodeColors colors) =>
        new(grid.Width, grid.Height,
            [.. Enumerable.Range(0, grid.Height * grid.Width).Select(at => colors[(int)codes[at * grid.CodesPerPosition + map] - 1])]);
}
