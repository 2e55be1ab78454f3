using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class CanvasTests
{
    [TestMethod]
    public void Tiles_are_enlarged_without_blur_and_saved_as_they_are()
    {
        using var folder = new TemporaryFolder();
        // Two pixels, in three planes: red above 255, which is clamped; then a dark one.
        Tile tile = Tile.FromPlanar([300, 10.4f, -5, 20, 7, 30], channels: 3, height: 1, width: 2);
        var canvas = new Canvas(8, 4);
        canvas.Draw(tile, left: 1, top: 1, scale: 3);
        canvas.Save(folder.File("tile.png"));

        using MLImage image = MLImage.CreateFromFile(folder.File("tile.png"));
        Assert.AreEqual(8, image.Width);
        Assert.AreEqual(4, image.Height);
        Assert.AreEqual(new Color(255, 255, 255), At(image, 0, 0));
        Assert.AreEqual(new Color(255, 0, 7), At(image, 1, 1));
        Assert.AreEqual(new Color(255, 0, 7), At(image, 3, 3));
        Assert.AreEqual(new Color(10, 20, 30), At(image, 4, 1));
        Assert.AreEqual(new Color(255, 255, 255), At(image, 7, 1));
    }

    [TestMethod]
    public void Text_is_drawn_in_the_embedded_font_where_it_was_asked_for()
    {
        Assert.AreEqual(Lettering.Family, Lettering.Typeface(bold: false).FamilyName);
        Assert.IsTrue(Lettering.Typeface(bold: true).IsBold);
        var canvas = new Canvas(200, 40);
        int width = canvas.Write("Codes 8×8", 180, 20, Color.Ink, align: Align.Right);
        (int left, int top, int right, int bottom) = Drawn(canvas);
        Assert.IsInRange(180 - width - 1, 180 - width + 3, left);
        Assert.IsInRange(176, 181, right);
        Assert.AreEqual(20, (top + bottom) / 2.0, 1.5);

        var turned = new Canvas(40, 200);
        turned.WriteUpwards("Codes 8×8", 20, 180, Color.Ink);
        (_, top, _, bottom) = Drawn(turned);
        Assert.AreEqual(180, bottom, 3);
        Assert.AreEqual(width, bottom - top, 4);
    }

    [TestMethod]
    public void Every_letter_of_the_pictures_has_a_shape()
    {
        foreach (char letter in "ABCXYZabcxyz0123456789.,:;-–_+±=/%()×→≤²·…′αβλµäéßñŁЖ")
            foreach (bool bold in (bool[])[false, true])
                Assert.AreNotEqual(0, Lettering.Typeface(bold).GetGlyph(letter), $"'{letter}', bold: {bold}");
    }

    [TestMethod]
    public void A_font_that_is_not_embedded_is_an_error()
    {
        InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => Lettering.Load("Other.ttf"));
        Assert.Contains("'Other.ttf' is not embedded in Samples", error.Message);
    }

    [TestMethod]
    public void Long_text_is_wrapped_or_shortened_to_its_width()
    {
        const string text = "A vector quantizer chooses the nearest code of each position";
        IReadOnlyList<string> lines = Lettering.Wrap(text, 150);
        Assert.AreEqual(text, string.Join(' ', lines));
        Assert.IsTrue(lines.All(line => Lettering.Measure(line) <= 150));
        string shorter = Lettering.Shorten(text, 150);
        Assert.EndsWith("…", shorter);
        Assert.IsInRange(100, 150, Lettering.Measure(shorter));
        Assert.AreEqual("short", Lettering.Shorten("short", 150));
    }

    [TestMethod]
    public void A_grid_has_its_images_in_rows_and_columns_beside_their_captions()
    {
        var shape = new ImageShape(3, 9, 12);
        Color[] colors = [new(200, 0, 0), new(0, 150, 0), new(0, 0, 200), new(200, 0, 150)];
        Tile[] tiles = [.. colors.Select(color => shape.Tile([.. ((byte[])[color.Red, color.Green, color.Blue])
            .SelectMany(level => Enumerable.Repeat((float)level, 9 * 12))]))];
        Canvas plain = Grid([], []), all = Grid(["a", "b"], [new TextRow("bits", ["1.5", "2.5"])]);
        Assert.AreEqual(plain.Width, all.Width);
        Assert.IsGreaterThan(plain.Height + 18, all.Height);
        foreach (Canvas grid in (Canvas[])[plain, all])
        {
            (int Left, int Top, int Right, int Bottom)[] boxes = [.. colors.Select(color => BoxOf(grid, color))];
            // A side of at most 72 pixels: six for each of the image.
            Assert.IsTrue(boxes.All(box => (box.Right - box.Left + 1, box.Bottom - box.Top + 1) == (72, 54)));
            Assert.AreEqual((boxes[0].Top, boxes[0].Left, boxes[1].Left), (boxes[1].Top, boxes[2].Left, boxes[3].Left));
            Assert.IsGreaterThan(boxes[0].Right, boxes[1].Left);
            Assert.IsGreaterThan(boxes[0].Bottom, boxes[2].Top);
            // The longest caption fits.
            Assert.IsGreaterThan(Canvas.Margin + Lettering.Measure("the second row"), boxes[0].Left);
        }

        Canvas Grid(IReadOnlyList<string> labels, IReadOnlyList<TextRow> below) => ImageGrid.Draw("A grid", "of four images", shape,
            [new("one", tiles[..2], "a note"), new("the second row", tiles[2..])], labels.Count > 0 ? labels : null, below);
    }

    static (int Left, int Top, int Right, int Bottom) BoxOf(Canvas canvas, Color color)
    {
        byte[] row = new byte[canvas.Width * 3];
        var points = new List<(int X, int Y)>();
        for (int y = 0; y < canvas.Height; y++)
        {
            canvas.CopyRow(y, row);
            points.AddRange(Enumerable.Range(0, canvas.Width)
                .Where(x => new Color(row[x * 3], row[x * 3 + 1], row[x * 3 + 2]) == color).Select(x => (x, y)));
        }
        return (points.Min(at => at.X), points.Min(at => at.Y), points.Max(at => at.X), points.Max(at => at.Y));
    }

    [TestMethod]
    public void Colours_run_from_dark_to_bright()
    {
        double[] brightness = [.. Enumerable.Range(0, 21).Select(step => new Tile(1, 1, [ColorMap.At(step / 20.0)]).Brightness)];
        CollectionAssert.AreEqual(brightness.Order().ToArray(), brightness);
    }

    /// <summary>The box around all that is not white.</summary>
    static (int Left, int Top, int Right, int Bottom) Drawn(Canvas canvas)
    {
        byte[] row = new byte[canvas.Width * 3];
        var points = new List<(int X, int Y)>();
        for (int y = 0; y < canvas.Height; y++)
        {
            canvas.CopyRow(y, row);
            points.AddRange(Enumerable.Range(0, canvas.Width).Where(x => row[x * 3] < 160).Select(x => (x, y)));
        }
        Assert.IsNotEmpty(points, "Nothing is drawn.");
        return (points.Min(point => point.X), points.Min(point => point.Y), points.Max(point => point.X), points.Max(point => point.Y));
    }

    static Color At(MLImage image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Pixels.Slice((y * image.Width + x) * 4, 4);
        int red = image.PixelFormat == MLPixelFormat.Bgra32 ? 2 : 0;
        return new Color(pixel[red], pixel[1], pixel[2 - red]);
    }
}
