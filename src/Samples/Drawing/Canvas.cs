using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.VqVae.Samples.Drawing;

/// <summary>The side of a text that a horizontal position refers to.</summary>
internal enum Align
{
    Left,
    Center,
    Right,
}

/// <summary>A canvas of pixels for images, bars, charts and text.</summary>
internal sealed class Canvas
{
    /// <summary>The space around the content of a picture.</summary>
    public const int Margin = 16;

    const int TitleHeight = 26, LineHeight = 18;

    readonly byte[] _rgba;

    public Canvas(int width, int height)
    {
        Width = width;
        Height = height;
        _rgba = new byte[width * height * 4];
        Array.Fill(_rgba, (byte)255);
    }

    public int Width { get; }

    public int Height { get; }

    public void Fill(int left, int top, int width, int height, Color color)
    {
        for (int y = Math.Max(top, 0); y < Math.Min(top + height, Height); y++)
            for (int x = Math.Max(left, 0); x < Math.Min(left + width, Width); x++)
            {
                int at = (y * Width + x) * 4;
                _rgba[at] = color.Red;
                _rgba[at + 1] = color.Green;
                _rgba[at + 2] = color.Blue;
            }
    }

    /// <summary>Draws each pixel of a small image as a square of scale × scale pixels, without interpolation.</summary>
    public void Draw(Tile tile, int left, int top, int scale)
    {
        for (int y = 0; y < tile.Height; y++)
            for (int x = 0; x < tile.Width; x++)
                Fill(left + x * scale, top + y * scale, scale, scale, tile.At(x, y));
    }

    /// <summary>Copies another canvas, such as a chart, into this one.</summary>
    public void Draw(Canvas part, int left, int top)
    {
        int width = Math.Min(part.Width, Width - left);
        for (int y = 0; y < Math.Min(part.Height, Height - top); y++)
            part._rgba.AsSpan(y * part.Width * 4, width * 4).CopyTo(_rgba.AsSpan(((top + y) * Width + left) * 4));
    }

    /// <summary>Draws with SkiaSharp onto the pixels.</summary>
    public void Paint(Action<SKCanvas> paint)
    {
        var pinned = GCHandle.Alloc(_rgba, GCHandleType.Pinned);
        try
        {
            var info = new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
            using var surface = SKSurface.Create(info, pinned.AddrOfPinnedObject(), Width * 4);
            paint(surface.Canvas);
            surface.Flush();
        }
        finally
        {
            pinned.Free();
        }
    }

    /// <summary>Writes a line of text and returns its width.</summary>
    /// <param name="text">The text.</param>
    /// <param name="x">The left side, center or right side of the text, as <paramref name="align"/> says.</param>
    /// <param name="middle">The vertical middle of the capitals.</param>
    /// <param name="color">The color.</param>
    /// <param name="size">The font size in pixels.</param>
    /// <param name="align">What <paramref name="x"/> is.</param>
    /// <param name="bold">Whether the text is bold.</param>
    public int Write(
        string text, double x, double middle, Color color, float size = Lettering.Body, Align align = Align.Left, bool bold = false)
    {
        int width = Lettering.Measure(text, size, bold);
        double left = align switch { Align.Left => x, Align.Center => x - width / 2.0, _ => x - width };
        Paint(canvas => Draw(canvas, text, (float)left, (float)middle, color, size, bold));
        return width;
    }

    /// <summary>Writes the label of a column, in smaller letters or shortened where it is wider than the column.</summary>
    public void WriteLabel(string text, double center, double middle, int width, Color color)
    {
        float size = ((float[])[Lettering.Body, Lettering.Small, 10]).FirstOrDefault(size => Lettering.Measure(text, size) <= width, 10);
        Write(Lettering.Shorten(text, width, size), center, middle, color, size, Align.Center);
    }

    /// <summary>Writes a line of text from bottom to top.</summary>
    /// <param name="text">The text.</param>
    /// <param name="center">The horizontal middle of the capitals.</param>
    /// <param name="y">The lower end, middle or upper end of the text, as <paramref name="align"/> says.</param>
    /// <param name="color">The color.</param>
    /// <param name="size">The font size in pixels.</param>
    /// <param name="align">What <paramref name="y"/> is.</param>
    public void WriteUpwards(string text, double center, double y, Color color, float size = Lettering.Body, Align align = Align.Left)
    {
        int width = Lettering.Measure(text, size);
        double start = align switch { Align.Left => y, Align.Center => y + width / 2.0, _ => y + width };
        Paint(canvas =>
        {
            canvas.Translate((float)center, (float)start);
            canvas.RotateDegrees(-90);
            Draw(canvas, text, 0, 0, color, size, bold: false);
        });
    }

    /// <summary>The height of a heading: the top of what stands below it.</summary>
    public static int HeadingHeight(string remark, int width) =>
        Margin + TitleHeight + Lettering.Wrap(remark, width - 2 * Margin).Count * LineHeight + 8;

    /// <summary>Writes a title and, below it, remarks in as many lines as they take.</summary>
    public void WriteHeading(string title, string remark)
    {
        int wide = Width - 2 * Margin;
        Write(Lettering.Shorten(title, wide, Lettering.Title, bold: true), Margin, Margin + 8, Color.Ink, Lettering.Title, bold: true);
        foreach ((int line, string text) in Lettering.Wrap(remark, wide).Index())
            Write(text, Margin, Margin + TitleHeight + line * LineHeight + LineHeight / 2, Color.Muted);
    }

    /// <summary>Draws the colors of <see cref="ColorMap"/> from left to right, 12 pixels high, with numbers below and a label beside
    /// them; the whole takes 30 pixels.</summary>
    /// <param name="left">The left end of the bar.</param>
    /// <param name="top">The top of the bar.</param>
    /// <param name="width">The width of the bar.</param>
    /// <param name="label">What the colors mean, with the unit.</param>
    /// <param name="ticks">Numbers and their places on the bar, from 0 to 1.</param>
    public void DrawColorBar(int left, int top, int width, string label, params (double Place, string Text)[] ticks)
    {
        for (int x = 0; x < width; x++)
            Fill(left + x, top, 1, 12, ColorMap.At((double)x / (width - 1)));
        foreach ((double place, string text) in ticks)
        {
            int x = left + (int)Math.Round(place * (width - 1));
            Fill(x, top + 12, 1, 4, Color.Ink);
            Write(text, x, top + 23, Color.Ink, Lettering.Small, Align.Center);
        }
        Write(label, left + width + 20, top + 6, Color.Ink);
    }

    /// <summary>The red, green and blue bytes of a row.</summary>
    public void CopyRow(int y, Span<byte> rgb)
    {
        for (int x = 0; x < Width; x++)
            _rgba.AsSpan((y * Width + x) * 4, 3).CopyTo(rgb[(x * 3)..]);
    }

    /// <summary>The canvas as a PNG file.</summary>
    public byte[] ToPng()
    {
        var pinned = GCHandle.Alloc(_rgba, GCHandleType.Pinned);
        try
        {
            var info = new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
            using var pixels = new SKPixmap(info, pinned.AddrOfPinnedObject(), Width * 4);
            using SKData file = pixels.Encode(SKPngEncoderOptions.Default)
                ?? throw new InvalidOperationException($"SkiaSharp cannot write a PNG file of {Width}×{Height} pixels.");
            return file.ToArray();
        }
        finally
        {
            pinned.Free();
        }
    }

    public void Save(string path) => File.WriteAllBytes(path, ToPng());

    static void Draw(SKCanvas canvas, string text, float left, float middle, Color color, float size, bool bold)
    {
        using SKFont font = Lettering.Font(size, bold);
        using var paint = new SKPaint { Color = color.ToSkia(), IsAntialias = true };
        // Capitals of this font are 0.73 of its size high.
        canvas.DrawText(text, left, middle + 0.365f * size, SKTextAlign.Left, font, paint);
    }
}
