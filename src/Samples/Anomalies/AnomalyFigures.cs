using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Anomalies;

/// <summary>A column of a picture: images from top to bottom, with a line above and lines below them.</summary>
internal sealed record AnomalyTiles(string Above, IReadOnlyList<Tile> Tiles, IReadOnlyList<string> Below);

/// <summary>The pictures of the anomalies sample.</summary>
internal static class AnomalyFigures
{
    const int Margin = 12, Gap = 8, HeaderHeight = 64, CaptionWidth = 150, LineHeight = 12;

    static readonly Color Heat = new(214, 60, 40);

    public static Tile TileOf(float[] pixels, ImageShape shape) => Tile.FromPlanar(pixels, shape.Channels, shape.Height, shape.Width);

    public static Tile TileOf(MLImage image)
    {
        ReadOnlySpan<byte> rgba = image.Pixels;
        var pixels = new Color[image.Width * image.Height];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = new Color(rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]);
        return new Tile(image.Width, image.Height, pixels);
    }

    /// <summary>Rows of images with a caption each.</summary>
    public static Canvas Columns(
        string title, string remark, ImageShape shape, IReadOnlyList<string> captions, IReadOnlyList<string> captionsBelow,
        IReadOnlyList<AnomalyTiles> columns)
    {
        int scale = Math.Max(1, 84 / Math.Max(shape.Height, shape.Width));
        int wide = shape.Width * scale + Gap, tall = shape.Height * scale + Gap;
        int below = HeaderHeight + LineHeight + captions.Count * tall;
        int width = Math.Max(CaptionWidth + columns.Count * wide, 2 * Margin + Math.Max(Lettering.Measure(remark), Lettering.Measure(title, 2)));
        var canvas = new Canvas(width + Margin, below + captionsBelow.Count * LineHeight + Margin);
        canvas.WriteHeading(title, remark, Margin);
        for (int row = 0; row < captions.Count; row++)
            canvas.Write(captions[row], Margin, HeaderHeight + LineHeight + row * tall + tall / 2 - 8, Color.Ink);
        for (int line = 0; line < captionsBelow.Count; line++)
            canvas.Write(captionsBelow[line], Margin, below + line * LineHeight, Color.Ink);
        for (int column = 0; column < columns.Count; column++)
        {
            int left = CaptionWidth + column * wide, center = left + (wide - Gap) / 2;
            canvas.WriteCentered(columns[column].Above, center, HeaderHeight - 2, Color.Ink);
            for (int row = 0; row < columns[column].Tiles.Count; row++)
                canvas.Draw(columns[column].Tiles[row], left, HeaderHeight + LineHeight + row * tall, scale);
            for (int line = 0; line < columns[column].Below.Count; line++)
                canvas.WriteCentered(columns[column].Below[line], center, below + line * LineHeight, line == 0 ? Color.Accent : Color.Ink);
        }
        return canvas;
    }

    /// <summary>Windows of a series, whose background is red where the bits of a code are high, with the restored series over them.</summary>
    public static Canvas Windows(string title, string remark, IReadOnlyList<ShownWindow> windows, double codeThreshold, double threshold)
    {
        const int across = 3, wide = 256, tall = 84, spaceX = 28, spaceY = 30;
        int rows = (windows.Count + across - 1) / across;
        var canvas = new Canvas(Margin + across * (wide + spaceX), HeaderHeight + 24 + rows * (tall + spaceY) + Margin);
        canvas.WriteHeading(title, remark, Margin);
        canvas.Fill(Margin, HeaderHeight, 18, 3, Color.Ink);
        int at = Margin + 24;
        at += canvas.Write("vibration", at, HeaderHeight - 2, Color.Ink) + 24;
        canvas.Fill(at, HeaderHeight, 18, 3, Color.Accent);
        at += 24;
        at += canvas.Write("restored: unlikely codes sampled anew", at, HeaderHeight - 2, Color.Accent) + 24;
        canvas.Fill(at, HeaderHeight - 4, 18, 10, Mix(1));
        canvas.Write(string.Create(CultureInfo.InvariantCulture, $"bits of a code, red from {1.5 * codeThreshold:0} on"), at + 24, HeaderHeight - 2, Heat);
        for (int number = 0; number < windows.Count; number++)
        {
            ShownWindow window = windows[number];
            int left = Margin + number % across * (wide + spaceX), top = HeaderHeight + 36 + number / across * (tall + spaceY);
            string verdict = window.PredictedLabel ? "anomaly" : "normal";
            canvas.Write(string.Create(CultureInfo.InvariantCulture, $"{window.Kind}: {window.Score:0.0} bits, {verdict}"), left, top - 10,
                window.Score > threshold ? Heat : Color.Ink);
            int span = wide / window.BitsPerCode.Length;
            for (int code = 0; code < window.BitsPerCode.Length; code++)
                canvas.Fill(left + code * span, top, span, tall, Mix(Math.Clamp(window.BitsPerCode[code] / codeThreshold - 0.5, 0, 1)));
            Draw(window.Restored, Color.Accent);
            Draw(window.Window, Color.Ink);

            void Draw(float[] values, Color color)
            {
                for (int step = 1; step < SensorWindow.Steps; step++)
                {
                    canvas.Line(X(step - 1), Y(values[(step - 1) * SensorWindow.Channels]), X(step), Y(values[step * SensorWindow.Channels]),
                        color);
                }
            }

            double X(int step) => left + (double)step * (wide - 2) / (SensorWindow.Steps - 1);
            double Y(float value) => top + tall / 2.0 - Math.Clamp(value, -2.2, 2.2) * tall / 4.6;
        }
        return canvas;

        static Color Mix(double share) => new(
            (byte)(246 + share * (255 - 246)), (byte)(247 + share * (150 - 247)), (byte)(249 + share * (130 - 249)));
    }
}
