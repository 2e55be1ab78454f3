using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// Image files in one subfolder per class, read by ML.NET's transforms and resized. Every tenth file of the sorted list is a test image, so
/// that every run and process has the same test set.
/// </summary>
internal static class ImageFolder
{
    public const int Side = 32;

    public static readonly ImageShape Shape = new(3, Side, Side);

    const int TestEvery = 10;

    static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"];

    static ReadOnlySpan<byte> Png => [0x89, (byte)'P', (byte)'N', (byte)'G'];

    static ReadOnlySpan<byte> Jpeg => [0xFF, 0xD8, 0xFF];

    public static bool IsIn(string folder) => Directory.EnumerateDirectories(folder).Any(subfolder => ImageFiles(subfolder).Any());

    /// <summary>Whether a folder has image files in itself.</summary>
    public static bool IsFlat(string folder) => Directory.Exists(folder) && ImageFiles(folder).Any();

    /// <summary>All image files of a folder itself, in the order of their names, without classes.</summary>
    public static IDataView OpenFlat(MLContext ml, string folder)
    {
        ImageFile[] files = [.. ImageFiles(folder).Order(StringComparer.Ordinal).Select(path => new ImageFile { Path = path })];
        CheckAll(files);
        return Read(ml, files);
    }

    public static ImageData Open(MLContext ml, string folder)
    {
        ImageFile[] files =
        [
            .. from subfolder in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal)
               from path in ImageFiles(subfolder).Order(StringComparer.Ordinal)
               select new ImageFile { Path = path, Class = Path.GetFileName(subfolder) },
        ];
        string[] classes = [.. files.Select(file => file.Class).Distinct()];
        if (classes.Length < 2)
            throw new DataSetException(
                $"'{folder}' has image files in the subfolder '{classes[0]}' only; a classifier needs two classes or more.");
        CheckAll(files);
        ImageFile[] train = [.. files.Where((_, index) => index % TestEvery != TestEvery - 1)];
        ImageFile[] test = [.. files.Where((_, index) => index % TestEvery == TestEvery - 1)];
        if (test.Length == 0)
            throw new DataSetException($"'{folder}' holds {files.Length} image files; at least {TestEvery} are needed.");

        return new ImageData(
            new DirectoryInfo(folder).Name, Shape, Read(ml, train), train.Length, Read(ml, test), test.Length);
    }

    static IEnumerable<string> ImageFiles(string folder) =>
        Directory.EnumerateFiles(folder).Where(file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase));

    static void CheckAll(ImageFile[] files)
    {
        if (files.FirstOrDefault(file => !LooksLikeImage(file.Path)) is { } broken)
            throw new DataSetException($"'{broken.Path}' is not an image, despite its extension. Remove or replace it.");
    }

    /// <summary>
    /// Checks the first bytes, so that the message names the file: ML.NET fails later and without the name.
    /// </summary>
    static bool LooksLikeImage(string path)
    {
        Span<byte> start = stackalloc byte[4];
        using FileStream file = File.OpenRead(path);
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length
            && (start.SequenceEqual(Png) || start.StartsWith(Jpeg) || start.StartsWith("BM"u8) || start.SequenceEqual("GIF8"u8)
                || start.SequenceEqual("RIFF"u8));
    }

    static IDataView Read(MLContext ml, ImageFile[] files)
    {
        IDataView paths = ml.Data.LoadFromEnumerable(files);
        IDataView pixels = ml.Transforms.LoadImages("Image", imageFolder: null, nameof(ImageFile.Path))
            .Append(ml.Transforms.ResizeImages("Image", Side, Side, resizing: ImageResizingEstimator.ResizingKind.IsoCrop))
            .Append(ml.Transforms.ExtractPixels(nameof(LabelledImage.Pixels), "Image"))
            .Append(ml.Transforms.SelectColumns(nameof(LabelledImage.Pixels), nameof(LabelledImage.Class)))
            .Fit(paths).Transform(paths);
        // Decoding files is slow, so it is done once.
        return ml.Data.Cache(pixels);
    }

    sealed class ImageFile
    {
        public string Path { get; set; } = "";

        public string Class { get; set; } = "";
    }
}
