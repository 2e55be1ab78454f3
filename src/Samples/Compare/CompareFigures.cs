using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>The learning curves of the compare sample.</summary>
internal static class CompareFigures
{
    /// <summary>Bits over steps, above a table of these results and the paper's. The axis ends above the values of the last three quarters
    /// of the steps, where the curves lie close together.</summary>
    public static Canvas Curves(string title, string dataset, ComparePlan plan, IReadOnlyList<ComparedModel> models)
    {
        const int width = Charts.Width, row = 26, measured = 180, paper = 400;
        double[] settled = [.. models.SelectMany(model => model.Curve.Where(point => point.Step >= plan.Steps / 4.0)
            .Select(point => point.Bits).Append(model.BitsPerDim)).Where(double.IsFinite)];
        double? most = settled.Length > 0 ? settled.Max() + 0.08 * Math.Max(settled.Max() - settled.Min(), 0.1) : null;
        Canvas chart = Charts.Lines(title,
            "Curves: training images. Dots: test images after training. Fewer bits are better.",
            new Axis("training steps", Min: 0), new Axis("bits per dimension", Max: most),
            [.. models.Select((model, i) => new Series(model.Name, Color.Series[i], model.Curve, model.BitsPerDim))]);

        var canvas = new Canvas(width, chart.Height + (models.Count + 1) * row + Canvas.Margin);
        canvas.Draw(chart, 0, 0);
        int middle = chart.Height + row / 2;
        canvas.Write("bits per dimension", Canvas.Margin, middle, Color.Muted);
        canvas.Write($"{dataset}, {plan.Steps:N0} steps", measured, middle, Color.Muted);
        canvas.Write("paper: CIFAR-10, 250,000 steps, 8×8×10 codes", paper, middle, Color.Muted);
        canvas.Fill(Canvas.Margin, middle + row / 2 - 2, width - 2 * Canvas.Margin, 1, Color.Faint);
        for (int i = 0; i < models.Count; i++)
        {
            middle += row;
            canvas.Fill(Canvas.Margin, middle - 4, 9, 9, Color.Series[i]);
            canvas.Write(models[i].Name, Canvas.Margin + 16, middle, Color.Ink);
            canvas.Write($"{models[i].BitsPerDim:0.000}", measured, middle, Color.Ink);
            canvas.Write($"{models[i].PaperBitsPerDim:0.00}", paper, middle, Color.Ink);
        }
        return canvas;
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
