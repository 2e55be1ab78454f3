using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Anomalies;

/// <summary>An image with a defect.</summary>
/// <param name="Clean">The image without it.</param>
/// <param name="Pixels">The image with it.</param>
/// <param name="Changed">Whether each pixel was changed.</param>
internal sealed record DefectImage(float[] Clean, float[] Pixels, bool[] Changed);

/// <summary>Paints scratches, blots and holes into images, within the thing that they show.</summary>
internal static class PaintedDefects
{
    // Smaller changes are not called a defect.
    const float LeastChange = 24, Dark = 40;

    public static DefectImage Paint(float[] clean, ImageShape shape, int seed)
    {
        var random = new Random(seed);
        float[] pixels = [.. clean];
        int plane = shape.Height * shape.Width;
        int[] bright = [.. Enumerable.Range(0, plane).Where(i => clean[i] > Dark)];
        int center = bright.Length > 0 ? bright[random.Next(bright.Length)] : plane / 2;
        (double y, double x) = (center / shape.Width, center % shape.Width);
        // The color that differs most from what is there.
        float color = clean[center] > 128 ? 0 : 255;
        double size = Math.Min(shape.Height, shape.Width) / 28.0;
        switch (random.Next(3))
        {
            case 0:
                double angle = random.NextDouble() * Math.PI, half = (4 + 3 * random.NextDouble()) * size;
                Fill((dy, dx) => Math.Abs(dy * Math.Cos(angle) - dx * Math.Sin(angle)) < 0.8 * size
                    && Math.Abs(dy * Math.Sin(angle) + dx * Math.Cos(angle)) < half, _ => color);
                break;
            case 1:
                double radius = (2 + 1.2 * random.NextDouble()) * size;
                Fill((dy, dx) => dy * dy + dx * dx < radius * radius, _ => color);
                break;
            default:
                double side = (2.2 + random.NextDouble()) * size;
                Fill((dy, dx) => Math.Abs(dy) < side && Math.Abs(dx) < side, _ => random.Next(256));
                break;
        }
        return new(clean, pixels, [.. Enumerable.Range(0, plane).Select(i => Math.Abs(pixels[i] - clean[i]) >= LeastChange)]);

        void Fill(Func<double, double, bool> isInside, Func<int, float> value)
        {
            for (int i = 0; i < plane; i++)
            {
                if (!isInside(i / shape.Width - y, i % shape.Width - x))
                    continue;
                float level = value(i);
                for (int channel = 0; channel < shape.Channels; channel++)
                    pixels[channel * plane + i] = level;
            }
        }
    }

    /// <summary>The share of the heat that is in the defect, and the share of the image that the defect is: a heat map that knows nothing
    /// has as much heat in the defect as the defect has area.</summary>
    /// <param name="bits">The bits of the codes, row by row.</param>
    /// <param name="threshold">The threshold of a code; there is no heat up to half of it.</param>
    /// <param name="changed">The pixels of the defect.</param>
    /// <param name="shape">The size of the image.</param>
    /// <param name="grid">The size of the grid of codes.</param>
    /// <returns>Null where there is no heat at all.</returns>
    public static (double Heat, double Area)? Localization(
        float[] bits, double threshold, bool[] changed, ImageShape shape, (int Height, int Width, int CodesPerPosition) grid)
    {
        double inside = 0, all = 0, area = 0;
        int cellHeight = shape.Height / grid.Height, cellWidth = shape.Width / grid.Width;
        for (int cell = 0; cell < grid.Height * grid.Width; cell++)
        {
            double heat = Math.Clamp(
                bits.AsSpan(cell * grid.CodesPerPosition, grid.CodesPerPosition).ToArray().Average() / threshold - 0.5, 0, 1);
            (int top, int left) = (cell / grid.Width * cellHeight, cell % grid.Width * cellWidth);
            bool isDefect = Enumerable.Range(0, cellHeight * cellWidth)
                .Any(i => changed[(top + i / cellWidth) * shape.Width + left + i % cellWidth]);
            all += heat;
            inside += isDefect ? heat : 0;
            area += isDefect ? 1.0 / (grid.Height * grid.Width) : 0;
        }
        return all > 0 ? (inside / all, area) : null;
    }

    /// <summary>The mean absolute difference to the clean image within the defect.</summary>
    public static double Difference(DefectImage image, float[] pixels, ImageShape shape)
    {
        double sum = 0;
        int values = 0, plane = shape.Height * shape.Width;
        for (int i = 0; i < plane; i++)
        {
            for (int channel = 0; channel < shape.Channels && image.Changed[i]; channel++, values++)
                sum += Math.Abs(pixels[channel * plane + i] - image.Clean[channel * plane + i]);
        }
        return values > 0 ? sum / values : 0;
    }
}
