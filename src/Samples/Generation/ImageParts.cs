using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The mean number of connected parts in images of a class. Real images can have several, too: the straps of a sandal.</summary>
/// <param name="Test">Of test images.</param>
/// <param name="Decoded">Of the same, decoded from their codes.</param>
/// <param name="Samples">Of sampled images.</param>
internal sealed record PartsOfClass(double Test, double Decoded, double Samples);

/// <summary>Counts the parts of things on black ground, in images of one channel.</summary>
internal static class ImageParts
{
    /// <summary>The level from which a pixel belongs to a thing, and the pixels of the smallest part.</summary>
    const int LowestLevel = 64, FewestPixels = 4;

    /// <summary>The mean numbers of parts by class; classes without test images are left out. Null for images of several channels, whose ground
    /// is not black.</summary>
    public static IReadOnlyDictionary<string, PartsOfClass>? ByClass(
        ImageShape shape, IReadOnlyList<LabelledImage> test, IReadOnlyList<LabelledImage> decoded, IReadOnlyList<LabelledImage> samples)
    {
        if (shape.Channels != 1)
            return null;
        Dictionary<string, double>[] means = [.. new[] { test, decoded, samples }.Select(images => images.GroupBy(image => image.Class)
            .ToDictionary(ofClass => ofClass.Key, ofClass => ofClass.Average(image => Count(image.Pixels, shape))))];
        return means[2].Keys.Order(StringComparer.Ordinal).Where(means[0].ContainsKey)
            .ToDictionary(name => name, name => new PartsOfClass(means[0][name], means[1][name], means[2][name]));
    }

    /// <summary>The connected parts of an image; pixels are connected to all eight around them.</summary>
    public static int Count(float[] pixels, ImageShape shape)
    {
        bool[] remaining = Array.ConvertAll(pixels, level => level >= LowestLevel);
        int parts = 0;
        for (int pixel = 0; pixel < remaining.Length; pixel++)
            if (remaining[pixel] && RemovePart(remaining, pixel, shape) >= FewestPixels)
                parts++;
        return parts;
    }

    /// <summary>Removes the part that a pixel belongs to.</summary>
    /// <returns>The number of its pixels.</returns>
    static int RemovePart(bool[] remaining, int first, ImageShape shape)
    {
        var found = new Stack<int>([first]);
        remaining[first] = false;
        int pixels = 0;
        while (found.TryPop(out int pixel))
        {
            pixels++;
            (int y, int x) = (pixel / shape.Width, pixel % shape.Width);
            for (int row = Math.Max(0, y - 1); row <= Math.Min(shape.Height - 1, y + 1); row++)
                for (int column = Math.Max(0, x - 1); column <= Math.Min(shape.Width - 1, x + 1); column++)
                {
                    int next = row * shape.Width + column;
                    if (!remaining[next])
                        continue;
                    remaining[next] = false;
                    found.Push(next);
                }
        }
        return pixels;
    }
}
