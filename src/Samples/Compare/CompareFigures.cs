using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>The figures of the compare sample: learning curves and reconstructions.</summary>
internal static class CompareFigures
{
    const int Margin = 24, Gap = 8, HeaderHeight = 40;

    // Distinguishable with color blindness.
    static readonly Color[] Colors = [new(33, 112, 181), new(217, 95, 2), new(27, 158, 119)];

    /// <summary>Bits over steps, above a table of these results and the paper's.</summary>
    public static Canvas Curves(string title, string dataset, ComparePlan plan, IReadOnlyList<ComparedModel> models)
    {
        const int width = 900, chartHeight = 460, row = 22;
        var canvas = new Canvas(width, chartHeight + 3 * row + (models.Count + 1) * row);
        canvas.Write(title, Margin, 14, Color.Ink, 1);
        Charts.Curves(canvas, Margin, HeaderHeight, width - 2 * Margin, chartHeight - HeaderHeight, "training steps",
            "bits per dimension on the training images; dots: on the test images",
            [.. models.Select((model, i) => new Series(model.Name, Colors[i], model.Curve, model.BitsPerDim))]);

        int top = chartHeight + row, measured = 260, paper = 480;
        canvas.Write("bits per dimension", Margin, top, Color.Ink, 1);
        canvas.Write($"{dataset}, {plan.Steps} steps", measured, top, Color.Ink, 1);
        canvas.Write("paper: CIFAR-10, 250000 steps, 8×8×10 codes", paper, top, Color.Ink, 1);
        canvas.Fill(Margin, top + row - 8, width - 2 * Margin, 1, Color.Faint);
        for (int i = 0; i < models.Count; i++)
        {
            top += row;
            canvas.Fill(Margin, top, 7, 7, Colors[i]);
            canvas.Write(models[i].Name, Margin + 14, top, Color.Ink);
            canvas.Write($"{models[i].BitsPerDim:0.000}", measured, top, Color.Ink);
            canvas.Write($"{models[i].PaperBitsPerDim:0.00}", paper, top, Color.Ink);
        }
        return canvas;
    }

    /// <summary>A row of originals, and a row of reconstructions per model.</summary>
    public static Canvas Reconstructions(
        string title, ImageShape shape, IReadOnlyList<float[]> originals, IReadOnlyList<ComparedModel> models)
    {
        const int caption = 150;
        int scale = Math.Max(1, 64 / Math.Max(shape.Width, shape.Height)), side = shape.Width * scale, tall = shape.Height * scale;
        var canvas = new Canvas(
            caption + originals.Count * (side + Gap) + Margin, HeaderHeight + (models.Count + 1) * (tall + Gap) + Margin / 2);
        canvas.Write(title, Margin, 14, Color.Ink);
        Row(0, "original", originals);
        for (int i = 0; i < models.Count; i++)
            Row(i + 1, models[i].Name, models[i].Reconstructions);
        return canvas;

        void Row(int row, string name, IReadOnlyList<float[]> images)
        {
            int top = HeaderHeight + row * (tall + Gap);
            canvas.Write(name, Margin, top + tall / 2 - 3, Color.Ink);
            for (int column = 0; column < images.Count; column++)
                canvas.Draw(Tile.FromPlanar(images[column], shape.Channels, shape.Height, shape.Width),
                    caption + column * (side + Gap), top, scale);
        }
    }
}

/// <summary>The output of a model for an image.</summary>
internal sealed class ComparedImage
{
    public float[] Reconstruction { get; set; } = [];

    /// <summary>The model's bound on the bits of the whole image.</summary>
    public float BoundBits { get; set; }
}

/// <summary>The results of a model.</summary>
/// <param name="Name">The name to show.</param>
/// <param name="BitsPerDim">The bound on the test images, in bits per dimension.</param>
/// <param name="PaperBitsPerDim">The result of the paper on CIFAR-10.</param>
/// <param name="Curve">The bound on the training images over the steps.</param>
/// <param name="Reconstructions">Reconstructions of the first test images.</param>
/// <param name="Seconds">The training time.</param>
internal sealed record ComparedModel(
    string Name, double BitsPerDim, double PaperBitsPerDim, IReadOnlyList<(double Step, double Bits)> Curve,
    IReadOnlyList<float[]> Reconstructions, double Seconds);
