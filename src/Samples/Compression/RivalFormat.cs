using Microsoft.ML.VqVae.Samples.Images;
using SkiaSharp;

namespace Microsoft.ML.VqVae.Samples.Compression;

/// <summary>Images in a stock format at one quality.</summary>
/// <param name="Name">The name of the format.</param>
/// <param name="Quality">The quality, 0 to 100.</param>
/// <param name="BytesPerImage">The mean number of bytes.</param>
/// <param name="Psnr">The peak signal-to-noise ratio over all values of all images, in decibels.</param>
/// <param name="Images">The decoded images, planar.</param>
internal sealed record RivalResult(string Name, int Quality, double BytesPerImage, double Psnr, float[][] Images);

/// <summary>
/// JPEG or WebP: a file for each image, or one for all. In a file of a small image most bytes are headers; one picture that shows all
/// images has them once.
/// </summary>
internal sealed class RivalFormat(
    SKEncodedImageFormat format, ImageShape shape, IReadOnlyList<float[]> images, bool oneFile, CancellationToken cancellation)
{
    const int MaxQuality = 100;

    // Whole macroblocks, so that images do not share blocks. What is left is filled with the last column and row of the image.
    const int BlockSide = 16;

    readonly int _columns = oneFile ? (int)Math.Ceiling(Math.Sqrt(images.Count)) : 1;
    readonly Dictionary<int, RivalResult> _results = [];

    /// <summary>The name as people write it.</summary>
    public string Name => format switch
    {
        SKEncodedImageFormat.Jpeg => "JPEG",
        SKEncodedImageFormat.Webp => "WebP",
        _ => format.ToString(),
    };

    int TileWidth => oneFile ? RoundUp(shape.Width) : shape.Width;

    int TileHeight => oneFile ? RoundUp(shape.Height) : shape.Height;

    /// <summary>The lowest quality with a PSNR of at least this, or the highest of all.</summary>
    public RivalResult AtPsnr(double psnr) => At(FirstQuality(quality => At(quality).Psnr >= psnr));

    /// <summary>The highest quality with at most this number of bytes per image, or the lowest of all.</summary>
    public RivalResult AtBytes(double bytes) => At(Math.Max(0, FirstQuality(quality => At(quality).BytesPerImage > bytes) - 1));

    static int RoundUp(int side) => (side + BlockSide - 1) / BlockSide * BlockSide;

    /// <summary>The first quality for which something holds that holds for all above it; the highest if it holds for none.</summary>
    static int FirstQuality(Func<int, bool> holds)
    {
        (int low, int high) = (0, MaxQuality);
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = holds(middle) ? (low, middle) : (middle + 1, high);
        }
        return low;
    }

    RivalResult At(int quality)
    {
        if (_results.TryGetValue(quality, out RivalResult? known))
            return known;
        cancellation.ThrowIfCancellationRequested();
        int together = oneFile ? images.Count : 1;
        long bytes = 0;
        float[][] decoded = new float[images.Count][];
        for (int first = 0; first < images.Count; first += together)
        {
            using SKBitmap picture = Picture(first, together);
            using SKData file = picture.Encode(format, quality);
            bytes += file.Size;
            Decode(file, decoded, first, together);
        }
        var result = new RivalResult(
            oneFile ? $"{Name}, one file" : $"{Name}, a file each", quality, (double)bytes / images.Count,
            ImageError.Psnr(images, decoded), decoded);
        return _results[quality] = result;
    }

    SKImageInfo Info(int count) => new(
        _columns * TileWidth, (count + _columns - 1) / _columns * TileHeight,
        shape.Channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque);

    /// <summary>A picture with some of the images side by side.</summary>
    SKBitmap Picture(int first, int count)
    {
        var picture = new SKBitmap(Info(count));
        Span<byte> pixels = picture.GetPixelSpan();
        pixels.Fill(byte.MaxValue);
        for (int number = 0; number < count; number++)
        {
            float[] image = images[first + number];
            for (int y = 0; y < TileHeight; y++)
            {
                for (int x = 0; x < TileWidth; x++)
                {
                    int from = Math.Min(y, shape.Height - 1) * shape.Width + Math.Min(x, shape.Width - 1);
                    int to = PlaceOf(picture, number, x, y);
                    for (int channel = 0; channel < shape.Channels; channel++)
                        pixels[to + channel] = ImageError.Level(image[channel * shape.Height * shape.Width + from]);
                }
            }
        }
        return picture;
    }

    void Decode(SKData file, float[][] decoded, int first, int count)
    {
        // In colors always: a gray WebP file cannot be decoded to gray, and all colors of a gray pixel are alike.
        using SKBitmap picture = SKBitmap.Decode(file, Info(count).WithColorType(SKColorType.Rgba8888))
            ?? throw new InvalidOperationException($"SkiaSharp cannot decode its own {format} file.");
        ReadOnlySpan<byte> pixels = picture.GetPixelSpan();
        for (int number = 0; number < count; number++)
        {
            float[] image = decoded[first + number] = new float[shape.Values];
            for (int i = 0; i < shape.Values; i++)
            {
                int position = i % (shape.Height * shape.Width), channel = i / (shape.Height * shape.Width);
                image[i] = pixels[PlaceOf(picture, number, position % shape.Width, position / shape.Width) + channel];
            }
        }
    }

    int PlaceOf(SKBitmap picture, int number, int x, int y) =>
        (number / _columns * TileHeight + y) * picture.RowBytes + (number % _columns * TileWidth + x) * picture.BytesPerPixel;
}

/// <summary>The error of decoded images, as whole numbers from 0 to 255, which an image file holds.</summary>
internal static class ImageError
{
    public static byte Level(float value) => (byte)Math.Clamp(MathF.Round(value), 0, 255);

    /// <summary>10·log10(255² / mean squared error), over all values of all images.</summary>
    public static double Psnr(IReadOnlyList<float[]> originals, IReadOnlyList<float[]> decoded)
    {
        double sum = 0;
        long count = 0;
        for (int image = 0; image < originals.Count; image++)
        {
            for (int i = 0; i < originals[image].Length; i++)
            {
                double difference = Level(originals[image][i]) - Level(decoded[image][i]);
                sum += difference * difference;
            }
            count += originals[image].Length;
        }
        return 10 * Math.Log10(255.0 * 255.0 * count / sum);
    }
}
