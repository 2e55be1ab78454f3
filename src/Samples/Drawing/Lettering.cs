using System.Text;
using SkiaSharp;

namespace Microsoft.ML.VqVae.Samples.Drawing;

/// <summary>
/// The font of all pictures: DejaVu Sans, embedded in this program. Without a font SkiaSharp draws no text and reports no error, and
/// containers often have none.
/// </summary>
internal static class Lettering
{
    public const string Family = "DejaVu Sans";

    /// <summary>Font sizes in pixels.</summary>
    public const float Small = 11, Body = 13, Title = 18;

    static readonly Lazy<SKTypeface> Regular = new(() => Load("DejaVuSans.ttf")), Bold = new(() => Load("DejaVuSans-Bold.ttf"));

    public static SKTypeface Typeface(bool bold) => (bold ? Bold : Regular).Value;

    public static SKFont Font(float size, bool bold) => new(Typeface(bold), size) { Edging = SKFontEdging.Antialias, Subpixel = true };

    /// <summary>Loads a font that is embedded in this program.</summary>
    public static SKTypeface Load(string file)
    {
        using Stream stream = typeof(Lettering).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException(
            $"The font '{file}' is not embedded in {typeof(Lettering).Assembly.GetName().Name}. Build the program with src/Samples/Drawing/Fonts.");
        return SKTypeface.FromStream(stream) ?? throw new InvalidOperationException(
            $"SkiaSharp cannot read the embedded font '{file}'. Restore the file in src/Samples/Drawing/Fonts.");
    }

    /// <summary>The width of a text in pixels.</summary>
    public static int Measure(string text, float size = Body, bool bold = false)
    {
        using SKFont font = Font(size, bold);
        return (int)MathF.Ceiling(font.MeasureText(text));
    }

    /// <summary>The text, or its start and an ellipsis where it is wider than the given width.</summary>
    public static string Shorten(string text, int width, float size = Body, bool bold = false)
    {
        if (Measure(text, size, bold) <= width)
            return text;
        int length = text.Length;
        while (length > 0 && Measure(text[..length].TrimEnd() + "…", size, bold) > width)
            length--;
        return text[..length].TrimEnd() + "…";
    }

    /// <summary>Splits a text at its spaces into lines of at most the given width; a longer word is a line of its own.</summary>
    public static IReadOnlyList<string> Wrap(string text, int width, float size = Body)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && Measure($"{line} {word}", size) > width)
            {
                lines.Add(line.ToString());
                line.Clear();
            }
            line.Append(line.Length > 0 ? " " : "").Append(word);
        }
        if (line.Length > 0)
            lines.Add(line.ToString());
        return lines;
    }
}
