using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Drawing;

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
        Assert.AreEqual(Color.White, At(image, 0, 0));
        Assert.AreEqual(new Color(255, 0, 7), At(image, 1, 1));
        Assert.AreEqual(new Color(255, 0, 7), At(image, 3, 3));
        Assert.AreEqual(new Color(10, 20, 30), At(image, 4, 1));
        Assert.AreEqual(Color.White, At(image, 7, 1));
    }

    [TestMethod]
    public void Letters_are_drawn_and_measured()
    {
        Assert.AreEqual(5 + 1 + 5, Lettering.Measure("AB"));
        Assert.AreEqual(22, Lettering.Measure("AB", scale: 2));
        foreach (char letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;-_+=/%()×")
            Assert.IsTrue(Lettering.RowsOf(letter).ToArray().Any(row => row != 0), $"'{letter}' is blank.");
        Assert.IsTrue(Lettering.RowsOf('\u2603').ToArray().All(row => row == 0));
    }

    [TestMethod]
    public void Colours_run_from_dark_to_bright()
    {
        double[] brightness = [.. Enumerable.Range(0, 21).Select(step => new Tile(1, 1, [ColorMap.At(step / 20.0)]).Brightness)];
        CollectionAssert.AreEqual(brightness.Order().ToArray(), brightness);
    }

    static Color At(MLImage image, int x, int y)
    {
        ReadOnlySpan<byte> pixel = image.Pixels.Slice((y * image.Width + x) * 4, 4);
        int red = image.PixelFormat == MLPixelFormat.Bgra32 ? 2 : 0;
        return new Color(pixel[red], pixel[1], pixel[2 - red]);
    }
}
