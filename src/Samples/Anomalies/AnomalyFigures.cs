using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;
using SkiaSharp;

namespace Microsoft.ML.VqVae.Samples.Anomalies;

/// <summary>A column of a picture: images from top to bottom, with a line above and lines below them.</summary>
internal sealed record AnomalyTiles(string Above, IReadOnlyList<Tile> Tiles, IReadOnlyList<string> Below);

/// <summary>The pictures of the anomalies sample.</summary>
internal static class AnomalyFigures
{
    const int LineHeight = 18;

    static readonly Color Heat = new(214, 60, 40);

    public static Tile TileOf(MLImage image)
    {
        ReadOnlySpan<byte> rgba = image.Pixels;
        var pixels = new Color[image.Width * image.Height];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = new Color(rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]);
        return new Tile(image.Width, image.Height, pixels);
    }

    /// <summary>Columns of images, with a caption for each row of them.</summary>
    public static Canvas Columns(
        string title, string remark, ImageShape shape, IReadOnlyList<string> captions, IReadOnlyList<string> captionsBelow,
        IReadOnlyList<AnomalyTiles> columns) => ImageGrid.Draw(title, remark, shape,
            [.. captions.Select((caption, row) => new ImageRow(caption, [.. columns.Select(column => column.Tiles[row])]))],
            [.. columns.Select(column => column.Above)],
            [.. captionsBelow.Select((caption, line) => new TextRow(caption, [.. columns.Select(column => column.Below[line])]))]);

    /// <summary>Windows of a series, whose background is red where the bits of a code are high, with the restored series over them.</summary>
    public static Canvas Windows(string title, string remark, IReadOnlyList<ShownWindow> windows, double codeThreshold, double threshold)
    {
        const int across = 3, wide = 256, tall = 84, spaceX = 28, spaceY = 34, width = Canvas.Margin + across * (wide + spaceX);
        int rows = (windows.Count + across - 1) / across, header = Canvas.HeadingHeight(remark, width), first = header + 2 * LineHeight + 14;
        var canvas = new Canvas(width, first + rows * (tall + spaceY));
        canvas.WriteHeading(title, remark);
        int at = Canvas.Margin, middle = header + LineHeight / 2;
        Explain("vibration", Color.Ink, 3);
        Explain("restored: unlikely codes sampled anew", Color.Accent, 3);
        Explain(string.Create(CultureInfo.InvariantCulture, $"bits of a code, red from {1.5 * codeThreshold:0} on"), Mix(1), 11);
        for (int number = 0; number < windows.Count; number++)
        {
            ShownWindow window = windows[number];
            int left = Canvas.Margin + number % across * (wide + spaceX), top = first + number / across * (tall + spaceY);
            string verdict = window.PredictedLabel ? "anomaly" : "normal";
            canvas.Write(string.Create(CultureInfo.InvariantCulture, $"{window.Kind}: {window.Score:0.0} bits, {verdict}"), left, top - 11,
                window.Score > threshold ? Heat : Color.Ink);
            int span = wide / window.BitsPerCode.Length;
            for (int code = 0; code < window.BitsPerCode.Length; code++)
                canvas.Fill(left + code * span, top, span, tall, Mix(Math.Clamp(window.BitsPerCode[code] / codeThreshold - 0.5, 0, 1)));
            canvas.Paint(skia =>
            {
                Draw(skia, window.Restored, Color.Accent);
                Draw(skia, window.Window, Color.Ink);
            });

            void Draw(SKCanvas skia, float[] values, Color color)
            {
                using var line = new SKPaint
                {
                    Color = color.ToSkia(), IsStroke = true, StrokeWidth = 1.5f, IsAntialias = true,
                };
                SKPoint[] points = [.. Enumerable.Range(0, SensorWindow.Steps).Select(step => new SKPoint(
                    left + step * (wide - 2f) / (SensorWindow.Steps - 1),
                    top + tall / 2f - Math.Clamp(values[step * SensorWindow.Channels], -2.2f, 2.2f) * tall / 4.6f))];
                skia.DrawPoints(SKPointMode.Polygon, points, line);
            }
        }
        return canvas;

        void Explain(string text, Color color, int thickness)
        {
            canvas.Fill(at, middle - thickness / 2, 18, thickness, color);
            at += 24 + canvas.Write(text, at + 24, middle, Color.Ink) + 24;
        }

        static Color Mix(double share) => new(
            (byte)(246 + share * (255 - 246)), (byte)(247 + share * (150 - 247)), (byte)(249 + share * (130 - 249)));
    }
}
