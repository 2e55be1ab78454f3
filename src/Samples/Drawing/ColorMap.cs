namespace Microsoft.ML.VqVae.Samples.Drawing;

/// <summary>A color map from dark violet over green to yellow with uniform brightness steps, readable with color blindness.</summary>
internal static class ColorMap
{
    static readonly Color[] Stops =
    [
        new(68, 1, 84), new(71, 44, 122), new(59, 81, 139), new(44, 113, 142), new(33, 144, 141), new(39, 173, 129), new(92, 200, 99),
        new(170, 220, 50), new(253, 231, 37),
    ];

    /// <param name="share">From 0, dark, to 1, bright.</param>
    public static Color At(double share)
    {
        double place = Math.Clamp(share, 0, 1) * (Stops.Length - 1);
        int stop = Math.Min((int)place, Stops.Length - 2);
        return new Color(Mix(c => c.Red), Mix(c => c.Green), Mix(c => c.Blue));

        byte Mix(Func<Color, byte> part) =>
            (byte)Math.Round(part(Stops[stop]) + (place - stop) * (part(Stops[stop + 1]) - part(Stops[stop])));
    }
}
