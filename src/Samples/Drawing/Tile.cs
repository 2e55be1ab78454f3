namespace Microsoft.ML.VqVae.Samples.Drawing;

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
