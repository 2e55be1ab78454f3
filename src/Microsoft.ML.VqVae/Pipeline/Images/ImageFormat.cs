namespace Microsoft.ML.VqVae;

/// <summary>How the pixels of an image lie in a column, and what a value of theirs means.</summary>
/// <param name="Height">Rows of pixels.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Channels">Values of a pixel.</param>
/// <param name="Interleaved">False: all of one channel, then all of the next [C,H,W]. True: a pixel's channels side by side
/// [H,W,C].</param>
/// <param name="FromImages">The column holds MLImage, not vectors; then values are 0 to 255.</param>
/// <param name="ImageOffset">With <paramref name="ImageScale"/>: the value of a byte b is (b - offset) * scale, as ExtractPixels makes
/// it.</param>
/// <param name="ImageScale">See <paramref name="ImageOffset"/>.</param>
/// <param name="Frames">How many images a row holds one after the other, as a clip [T, …]; 0: a row is one image.</param>
internal sealed record ImageFormat(
    int Height, int Width, int Channels, bool Interleaved, bool FromImages, float ImageOffset = 0, float ImageScale = 1,
    int Frames = 0)
{
    public int PixelCount => Height * Width;

    public int ValueCount => Height * Width * Channels;

    /// <summary>How many images the network gets of a row.</summary>
    public int ImagesOfRow => Math.Max(1, Frames);

    public int ValuesOfRow => checked(ImagesOfRow * ValueCount);

    public int[] Dimensions => [.. ClipDimension, .. (int[])(Interleaved ? [Height, Width, Channels] : [Channels, Height, Width])];

    /// <summary>What comes before the dimensions of an image: T where a row is a clip, nothing where it is an image.</summary>
    public int[] ClipDimension => Frames > 0 ? [Frames] : [];

    public override string ToString()
    {
        string order = FromImages ? "" : Interleaved ? ", interleaved" : ", planar";
        string clip = Frames > 0 ? $"{Frames} frames of " : "";
        return $"{clip}{Height}×{Width} pixels of {Channels} channel{(Channels == 1 ? "" : "s")}{order}";
    }
}

/// <summary>The order of the values in a vector of pixels.</summary>
public enum PixelLayout
{
    /// <summary>Taken from the column's dimensions: [C, H, W] or [H, W, C]. A vector without dimensions is planar.</summary>
    FromColumn,

    /// <summary>All values of one channel, then all of the next: [C, H, W]. What ExtractPixels makes unless told otherwise.</summary>
    Planar,

    /// <summary>The channels of a pixel side by side: [H, W, C]. What ExtractPixels makes with <c>interleavePixelColors</c>.</summary>
    Interleaved,
}
