using Microsoft.ML.Data;

namespace Microsoft.ML.Transforms.Image;

/// <summary>
/// Scales images as ML.NET's image library does, smoothly and without distortion, and crops what does not fit: by Mitchell's cubic where
/// they grow, by halving and linear interpolation where they shrink.
/// </summary>
internal static class ImageResampler
{
    internal static MLImage Resize(MLImage image, int width, int height)
    {
        float across = (float)width / image.Width, down = (float)height / image.Height;
        float scale = Math.Max(across, down);
        int scaledWidth = (int)(image.Width * scale), scaledHeight = (int)(image.Height * scale);
        // Only one direction has an excess to crop, which makes its offset negative.
        int left = down < across ? 0 : (int)((width - image.Width * scale) / 2);
        int top = down < across ? (int)((height - image.Height * scale) / 2) : 0;

        var (pixels, sourceWidth, sourceHeight) = (Array.ConvertAll(image.Buffer, value => (float)value), image.Width, image.Height);
        for (int halvings = scale < 1 ? (int)-MathF.Log2(scale) : 0; halvings > 0; halvings--)
        {
            var (halfWidth, halfHeight) = (Math.Max(1, sourceWidth / 2), Math.Max(1, sourceHeight / 2));
            pixels = Apply(pixels, sourceWidth, sourceHeight, Halving(sourceWidth, halfWidth), Halving(sourceHeight, halfHeight));
            pixels = Array.ConvertAll(pixels, MathF.Floor);
            (sourceWidth, sourceHeight) = (halfWidth, halfHeight);
        }
        var columns = Interpolation(sourceWidth, scaledWidth, left, width, scale > 1);
        var rows = Interpolation(sourceHeight, scaledHeight, top, height, scale > 1);
        byte[] bytes = Array.ConvertAll(
            Apply(pixels, sourceWidth, sourceHeight, columns, rows), value => (byte)Math.Clamp(value + 0.5f, 0, 255));
        return new MLImage(width, height, image.PixelFormat, bytes) { Tag = image.Tag };
    }

    // What a position in a line takes from which positions of the source's line.
    private readonly record struct Tap(int First, float[] Weights);

    private static Tap[] Halving(int length, int half)
    {
        float[] weights = length == 1 ? [1] : length % 2 == 0 ? [0.5f, 0.5f] : [0.25f, 0.5f, 0.25f];
        return [.. Enumerable.Range(0, half).Select(i => new Tap(i * 2, weights))];
    }

    private static Tap[] Interpolation(int sourceLength, int scaledLength, int offset, int targetLength, bool cubic)
    {
        float step = (float)sourceLength / scaledLength;
        int radius = cubic ? 2 : 1;
        return [.. Enumerable.Range(0, targetLength).Select(to =>
        {
            if (to < offset || to >= offset + scaledLength)
                return new Tap(0, []);
            float center = (to - offset + 0.5f) * step - 0.5f;
            int first = (int)MathF.Floor(center) - radius + 1;
            int firstInside = Math.Clamp(first, 0, sourceLength - 1), lastInside = Math.Clamp(first + 2 * radius - 1, 0, sourceLength - 1);
            var weights = new float[lastInside - firstInside + 1];
            for (int from = first; from < first + 2 * radius; from++)
            {
                float distance = Math.Abs(from - center);
                weights[Math.Clamp(from, 0, sourceLength - 1) - firstInside] += cubic ? Mitchell(distance) : Math.Max(0, 1 - distance);
            }
            return new Tap(firstInside, weights);
        })];
    }

    private static float Mitchell(float x) =>
        x < 1 ? (7 * x * x * x - 12 * x * x + 16 / 3f) / 6
        : x < 2 ? (-7 / 3f * x * x * x + 12 * x * x - 20 * x + 32 / 3f) / 6
        : 0;

    private static float[] Apply(float[] pixels, int sourceWidth, int sourceHeight, Tap[] columns, Tap[] rows)
    {
        var narrowed = new float[sourceHeight * columns.Length * 4];
        for (int y = 0; y < sourceHeight; y++)
            Blend(columns, pixels, y * sourceWidth * 4, 4, narrowed, y * columns.Length * 4, 4);
        int step = columns.Length * 4;
        var result = new float[rows.Length * step];
        for (int x = 0; x < columns.Length; x++)
            Blend(rows, narrowed, x * 4, step, result, x * 4, step);
        return result;
    }

    private static void Blend(Tap[] line, float[] source, int sourceStart, int sourceStep, float[] target, int targetStart, int targetStep)
    {
        for (int i = 0; i < line.Length; i++)
        {
            var (first, weights) = line[i];
            int to = targetStart + i * targetStep;
            for (int k = 0; k < weights.Length; k++)
            {
                int from = sourceStart + (first + k) * sourceStep;
                for (int c = 0; c < 4; c++)
                    target[to + c] += weights[k] * source[from + c];
            }
        }
    }
}
