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

    /// <summary>A heat map: each value in its color of <see cref="ColorMap"/>, from dark at <paramref name="low"/> to bright at
    /// <paramref name="high"/>.</summary>
    public static Tile FromValues(ReadOnlySpan<float> values, int height, int width, double low, double high)
    {
        var pixels = new Color[height * width];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = ColorMap.At((values[i] - low) / Math.Max(high - low, 1e-12));
        return new Tile(width, height, pixels);
    }

    /// <summary>This image with another of the same aspect ratio over it; the other is enlarged to this size where it is smaller.</summary>
    /// <param name="over">The image on top.</param>
    /// <param name="share">Its opacity, from 0 to 1.</param>
    public Tile Blend(Tile over, double share)
    {
        var pixels = new Color[Pixels.Length];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
            {
                Color below = At(x, y), above = over.At(x * over.Width / Width, y * over.Height / Height);
                pixels[y * Width + x] = new Color(
                    Mix(below.Red, above.Red), Mix(below.Green, above.Green), Mix(below.Blue, above.Blue));
            }
        return new Tile(Width, Height, pixels);

        byte Mix(byte below, byte above) => Level((float)(below + share * (above - below)));
    }

    public Tile Crop(int left, int top, int width, int height) => new(width, height,
        [.. from y in Enumerable.Range(top, height) from x in Enumerable.Range(left, width) select At(x, y)]);

    /// <summary>The mean brightness, from 0 to 255.</summary>
    public double Brightness => Pixels.Average(pixel => 0.3 * pixel.Red + 0.59 * pixel.Green + 0.11 * pixel.Blue);

    static byte Level(float value) => (byte)Math.Clamp(MathF.Round(value), 0, 255);
}
