using SkiaSharp;

namespace Microsoft.ML.VqVae.Samples.Drawing;

internal readonly record struct Color(byte Red, byte Green, byte Blue)
{
    public static readonly Color White = new(255, 255, 255);
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
