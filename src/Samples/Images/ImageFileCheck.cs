using SkiaSharp;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>Finds image files that cannot be decoded before anything is computed.</summary>
internal static class ImageFileCheck
{
    /// <summary>The reason why a file cannot be decoded; null if it can. ML.NET fails later, without the name of the file, and takes a
    /// file that is cut short for an image whose missing part is black.</summary>
    public static string? ProblemOf(string path)
    {
        if (new FileInfo(path).Length == 0)
            return "is empty";
        using var codec = SKCodec.Create(path, out SKCodecResult opened);
        if (codec is null)
            return opened == SKCodecResult.IncompleteInput ? "is cut short" : "is not an image, despite its extension";
        using var pixels = new SKBitmap(new SKImageInfo(codec.Info.Width, codec.Info.Height));
        return codec.GetPixels(pixels.Info, pixels.GetPixels()) switch
        {
            SKCodecResult.Success => null,
            SKCodecResult.IncompleteInput => "is cut short",
            SKCodecResult result => $"is damaged ({result})",
        };
    }
}
