using System.Runtime.InteropServices;

namespace Microsoft.ML.Data;

/// <summary>
/// Image files read and written by libgd. Pixels are BGRA bytes with premultiplied alpha; gd's own alpha has 7 bits and means
/// transparency.
/// </summary>
internal static class GdImageFile
{
    private const string Library = "libgd.so.3";

    /// <summary>Decodes a PNG, JPEG, GIF, BMP or WebP file; null when it is none of these.</summary>
    internal static byte[] Decode(byte[] file, out int width, out int height)
    {
        (width, height) = (0, 0);
        var image = Open(file);
        if (image == 0)
            return null;
        try
        {
            // A new image's clipping rectangle is the whole of it; gd has no function that tells the size.
            gdImageGetClip(image, out _, out _, out int right, out int bottom);
            (width, height) = (right + 1, bottom + 1);
            var pixels = new byte[width * height * 4];
            int at = 0;
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++, at += 4)
                {
                    int color = gdImageGetTrueColorPixel(image, x, y), clear = color >> 24 & 0x7F;
                    int alpha = 255 - (clear << 1 | clear >> 6);
                    pixels[at] = Premultiply(color & 0xFF, alpha);
                    pixels[at + 1] = Premultiply(color >> 8 & 0xFF, alpha);
                    pixels[at + 2] = Premultiply(color >> 16 & 0xFF, alpha);
                    pixels[at + 3] = (byte)alpha;
                }
            }
            return pixels;
        }
        finally
        {
            gdImageDestroy(image);
        }
    }

    internal static byte[] EncodePng(byte[] bgra, int width, int height)
    {
        var image = gdImageCreateTrueColor(width, height);
        if (image == 0)
            throw new InvalidOperationException($"libgd could not make an image of {width} x {height} pixels.");
        try
        {
            gdImageAlphaBlending(image, 0);
            bool opaque = true;
            for (int i = 0; i < bgra.Length; i += 4)
            {
                int alpha = bgra[i + 3];
                opaque &= alpha == 255;
                int color = 255 - alpha >> 1 << 24 | Unpremultiply(bgra[i + 2], alpha) << 16 | Unpremultiply(bgra[i + 1], alpha) << 8 |
                    Unpremultiply(bgra[i], alpha);
                gdImageSetPixel(image, i / 4 % width, i / 4 / width, color);
            }
            gdImageSaveAlpha(image, opaque ? 0 : 1);
            nint file = gdImagePngPtr(image, out int size);
            if (file == 0)
                throw new InvalidOperationException("libgd could not encode the image as PNG.");
            var bytes = new byte[size];
            Marshal.Copy(file, bytes, 0, size);
            gdFree(file);
            return bytes;
        }
        finally
        {
            gdImageDestroy(image);
        }
    }

    // gd writes to standard error when it is handed a file of another kind, so the kind is looked up first.
    private static nint Open(byte[] file) => file switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => gdImageCreateFromPngPtr(file.Length, file),
        [0xFF, 0xD8, 0xFF, ..] => gdImageCreateFromJpegPtr(file.Length, file),
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => gdImageCreateFromGifPtr(file.Length, file),
        [(byte)'B', (byte)'M', ..] => gdImageCreateFromBmpPtr(file.Length, file),
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] =>
            gdImageCreateFromWebpPtr(file.Length, file),
        _ => 0,
    };

    private static byte Premultiply(int color, int alpha) => (byte)((color * alpha + 127) / 255);

    private static int Unpremultiply(int color, int alpha) => alpha is 255 or 0 ? color : Math.Min(255, (color * 255 + alpha / 2) / alpha);

    [DllImport(Library)]
    private static extern nint gdImageCreateFromPngPtr(int size, byte[] data);

    [DllImport(Library)]
    private static extern nint gdImageCreateFromJpegPtr(int size, byte[] data);

    [DllImport(Library)]
    private static extern nint gdImageCreateFromGifPtr(int size, byte[] data);

    [DllImport(Library)]
    private static extern nint gdImageCreateFromBmpPtr(int size, byte[] data);

    [DllImport(Library)]
    private static extern nint gdImageCreateFromWebpPtr(int size, byte[] data);

    [DllImport(Library)]
    private static extern nint gdImageCreateTrueColor(int width, int height);

    [DllImport(Library)]
    private static extern void gdImageGetClip(nint image, out int left, out int top, out int right, out int bottom);

    [DllImport(Library), SuppressGCTransition]
    private static extern int gdImageGetTrueColorPixel(nint image, int x, int y);

    [DllImport(Library), SuppressGCTransition]
    private static extern void gdImageSetPixel(nint image, int x, int y, int color);

    [DllImport(Library)]
    private static extern void gdImageAlphaBlending(nint image, int blend);

    [DllImport(Library)]
    private static extern void gdImageSaveAlpha(nint image, int save);

    [DllImport(Library)]
    private static extern nint gdImagePngPtr(nint image, out int size);

    [DllImport(Library)]
    private static extern void gdImageDestroy(nint image);

    [DllImport(Library)]
    private static extern void gdFree(nint buffer);
}
