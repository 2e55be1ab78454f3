namespace Microsoft.ML.VqVae;

/// <summary>Rearranges pixels between interleaved (a pixel's channels side by side), planar (channel after channel) and the bytes of an
/// MLImage.</summary>
internal static class Planes
{
    public static void Split(ReadOnlySpan<float> interleaved, Span<float> planar, int channels)
    {
        int pixels = interleaved.Length / channels;
        for (int channel = 0; channel < channels; channel++)
        {
            Span<float> plane = planar.Slice(channel * pixels, pixels);
            for (int pixel = 0, from = channel; pixel < plane.Length; pixel++, from += channels)
                plane[pixel] = interleaved[from];
        }
    }

    public static void Merge(ReadOnlySpan<float> planar, Span<float> interleaved, int channels)
    {
        int pixels = planar.Length / channels;
        for (int channel = 0; channel < channels; channel++)
        {
            ReadOnlySpan<float> plane = planar.Slice(channel * pixels, pixels);
            for (int pixel = 0, to = channel; pixel < plane.Length; pixel++, to += channels)
                interleaved[to] = plane[pixel];
        }
    }

    /// <summary>Bytes of four a pixel to planar red, green, blue, or to one plane of luminance (ITU-R BT.601) where there is one
    /// channel.</summary>
    public static void FromBytes(ReadOnlySpan<byte> bytes, Span<float> planar, int channels, int red, int green, int blue)
    {
        int pixels = planar.Length / channels;
        for (int pixel = 0, from = 0; pixel < pixels; pixel++, from += 4)
        {
            float r = bytes[from + red], g = bytes[from + green], b = bytes[from + blue];
            if (channels == 1)
            {
                planar[pixel] = r == g && g == b ? r : 0.299f * r + 0.587f * g + 0.114f * b;
                continue;
            }
            planar[pixel] = r;
            planar[pixels + pixel] = g;
            planar[2 * pixels + pixel] = b;
        }
    }

    /// <summary>Planar values to the bytes R, G, B, A of an image; a value v of byte b is (b - offset) * scale.</summary>
    public static void ToBytes(ReadOnlySpan<float> planar, Span<byte> rgba, ImageFormat format)
    {
        int pixels = format.PixelCount;
        for (int pixel = 0, to = 0; pixel < pixels; pixel++, to += 4)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                float value = planar[format.Channels == 1 ? pixel : channel * pixels + pixel];
                rgba[to + channel] = (byte)Math.Clamp(MathF.Round(value / format.ImageScale + format.ImageOffset), 0, 255);
            }
            rgba[to + 3] = 255;
        }
    }
}
