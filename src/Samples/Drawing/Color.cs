using SkiaSharp;

namespace Microsoft.ML.VqVae.Samples.Drawing;

internal readonly record struct Color(byte Red, byte Green, byte Blue)
{
    public static readonly Color Ink = new(40, 44, 52);
    public static readonly Color Muted = new(96, 102, 112);
    public static readonly Color Faint = new(222, 225, 230);
    public static readonly Color Accent = new(33, 112, 181);

    /// <summary>Colors of series, distinguishable with color blindness.</summary>
    public static IReadOnlyList<Color> Series { get; } =
    [
        new(33, 112, 181), new(217, 95, 2), new(27, 158, 119), new(117, 112, 179), new(214, 39, 120), new(140, 109, 30),
    ];

    public SKColor ToSkia() => new(Red, Green, Blue);

    public ScottPlot.Color ToPlot() => new(Red, Green, Blue);
}

/// <summary>Viridis: from dark violet over green to yellow with uniform brightness steps, readable with color blindness.</summary>
internal static class ColorMap
{
    static readonly ScottPlot.Colormaps.Viridis Viridis = new();

    /// <param name="share">From 0, dark, to 1, bright.</param>
    public static Color At(double share)
    {
        ScottPlot.Color color = Viridis.GetColor(Math.Clamp(share, 0, 1));
        return new(color.R, color.G, color.B);
    }
}
