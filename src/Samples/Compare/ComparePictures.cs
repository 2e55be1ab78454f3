using System.Globalization;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Pictures;

namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>The pictures for the person at the screen: how the three models learn, and what they decode.</summary>
internal static class ComparePictures
{
    const int Margin = 24, Gap = 8, HeaderHeight = 40;

    // Told apart by colour-blind eyes too.
    static readonly Color[] Colors = [new(33, 112, 181), new(217, 95, 2), new(27, 158, 119)];

    /// <summary>Bits over steps, and under them the table of the paper with what was measured.</summary>
    public static Picture Curves(string title, string dataset, ComparePlan plan, IReadOnlyList<ComparedModel> models)
    {
        const int width = 900, chartHeight = 460, row = 22;
        var picture = new Picture(width, chartHeight + 3 * row + (models.Count + 1) * row);
        picture.Write(title, Margin, 14, Color.Ink, 1);
        Charts.Curves(picture, Margin, HeaderHeight, width - 2 * Margin, chartHeight - HeaderHeight, "training steps",
            "bits per dimension, on the training pictures; dots: on the test pictures",
            [.. models.Select((model, i) => new Series(model.Name, Colors[i], model.Curve, model.BitsPerDim))]);

        int top = chartHeight + row, measured = 260, paper = 480;
        picture.Write("bits per dimension", Margin, top, Color.Ink, 1);
        picture.Write($"{dataset}, {plan.Steps} steps", measured, top, Color.Ink, 1);
        picture.Write("paper: CIFAR-10, 250000 steps, 8×8×10 codes", paper, top, Color.Ink, 1);
        picture.Fill(Margin, top + row - 8, width - 2 * Margin, 1, Color.Faint);
        for (int i = 0; i < models.Count; i++)
        {
            top += row;
            picture.Fill(Margin, top, 7, 7, Colors[i]);
            picture.Write(models[i].Name, Margin + 14, top, Color.Ink);
            picture.Write(models[i].BitsPerDim.ToString("0.000", CultureInfo.InvariantCulture), measured, top, Color.Ink);
            picture.Write(models[i].PaperBitsPerDim.ToString("0.00", CultureInfo.InvariantCulture), paper, top, Color.Ink);
        }
        return picture;
    }

    /// <summary>A row of originals, and a row of what each model decodes.</summary>
    public static Picture Reconstructions(
        string title, ImageShape shape, IReadOnlyList<float[]> originals, IReadOnlyList<ComparedModel> models)
    {
        const int caption = 150;
        int scale = Math.Max(1, 64 / Math.Max(shape.Width, shape.Height)), side = shape.Width * scale, tall = shape.Height * scale;
        var picture = new Picture(
            caption + originals.Count * (side + Gap) + Margin, HeaderHeight + (models.Count + 1) * (tall + Gap) + Margin / 2);
        picture.Write(title, Margin, 14, Color.Ink);
        Row(0, "original", originals);
        for (int i = 0; i < models.Count; i++)
            Row(i + 1, models[i].Name, models[i].Reconstructions);
        return picture;

        void Row(int row, string name, IReadOnlyList<float[]> images)
        {
            int top = HeaderHeight + row * (tall + Gap);
            picture.Write(name, Margin, top + tall / 2 - 3, Color.Ink);
            for (int column = 0; column < images.Count; column++)
                picture.Draw(Tile.FromPlanar(images[column], shape.Channels, shape.Height, shape.Width),
                    caption + column * (side + Gap), top, scale);
        }
    }
}
