using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Drawing;

internal readonly record struct Color(byte Red, byte Green, byte Blue)
{
    public static readonly Color White = new(255, 255, 255);
    public static readonly Color Ink = new(40, 44, 52);
    public static readonly Color Faint = new(205, 209, 216);
    public static readonly Color Accent = new(33, 112, 181);
}

/// <summary>A canvas of pixels for images, bars and text, saved through ML.NET's image type.</summary>
internal sealed class Canvas
{
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

    public void Line(double fromX, double fromY, double toX, double toY, Color color)
    {
        int points = 1 + 2 * (int)Math.Ceiling(Math.Max(Math.Abs(toX - fromX), Math.Abs(toY - fromY)));
        for (int i = 0; i <= points; i++)
        {
            double share = (double)i / points;
            Fill((int)Math.Round(fromX + share * (toX - fromX)), (int)Math.Round(fromY + share * (toY - fromY)), 2, 2, color);
        }
    }

    /// <summary>Draws each pixel of a small image as a square of scale × scale pixels, without interpolation.</summary>
    public void Draw(Tile tile, int left, int top, int scale)
    {
        for (int y = 0; y < tile.Height; y++)
            for (int x = 0; x < tile.Width; x++)
                Fill(left + x * scale, top + y * scale, scale, scale, tile.At(x, y));
    }

    /// <summary>Writes text in capitals, with its upper left corner at the given position, and returns the width.</summary>
    public int Write(string text, int left, int top, Color color, int scale = 1)
    {
        foreach (char letter in text.ToUpperInvariant())
        {
            ReadOnlySpan<byte> rows = Lettering.RowsOf(letter);
            for (int y = 0; y < rows.Length; y++)
                for (int x = 0; x < Lettering.Width; x++)
                    if ((rows[y] >> (Lettering.Width - 1 - x) & 1) != 0)
                        Fill(left + x * scale, top + y * scale, scale, scale, color);
            left += (Lettering.Width + 1) * scale;
        }
        return Lettering.Measure(text, scale);
    }

    /// <summary>Writes a title and a line of remarks below it.</summary>
    public void WriteHeading(string title, string remark, int left)
    {
        Write(title, left, 15, Color.Ink, 2);
        Write(remark, left, 38, Color.Accent);
    }

    public void WriteCentered(string text, int center, int top, Color color, int scale = 1) =>
        Write(text, center - Lettering.Measure(text, scale) / 2, top, color, scale);

    /// <summary>The red, green and blue bytes of a row.</summary>
    public void CopyRow(int y, Span<byte> rgb)
    {
        for (int x = 0; x < Width; x++)
            _rgba.AsSpan((y * Width + x) * 4, 3).CopyTo(rgb[(x * 3)..]);
    }

    public void Save(string path)
    {
        // MLImage.Save derives the format from the file name.
        using var image = MLImage.CreateFromPixels(Width, Height, MLPixelFormat.Rgba32, _rgba);
        image.Save(path);
    }
}

/// <summary>A small image, to be drawn enlarged.</summary>
internal sealed record Tile(int Width, int Height, Color[] Pixels)
{
    public Color At(int x, int y) => Pixels[y * Width + x];

    /// <summary>From planar values 0…255; one channel is gray, the first three of more are red, green and blue.</summary>
    public static Tile FromPlanar(ReadOnlySpan<float> values, int channels, int height, int width)
    {
        int plane = height * width;
        var pixels = new Color[plane];
        for (int i = 0; i < plane; i++)
            pixels[i] = channels < 3
                ? new Color(Level(values[i]), Level(values[i]), Level(values[i]))
                : new Color(Level(values[i]), Level(values[plane + i]), Level(values[2 * plane + i]));
        return new Tile(width, height, pixels);
    }

    public Tile Crop(int left, int top, int width, int height) => new(width, height,
        [.. from y in Enumerable.Range(top, height) from x in Enumerable.Range(left, width) select At(x, y)]);

    /// <summary>The mean brightness, from 0 to 255.</summary>
    public double Brightness => Pixels.Average(pixel => 0.3 * pixel.Red + 0.59 * pixel.Green + 0.11 * pixel.Blue);

    static byte Level(float value) => (byte)Math.Clamp(MathF.Round(value), 0, 255);
}
