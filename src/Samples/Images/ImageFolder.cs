using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// Image files in one subfolder per class, read by ML.NET's transforms and resized. Every tenth file of the sorted list is a test image, so
/// that every run and process has the same test set. Both parts are in a random order, the same in every process: samples take the first
/// rows, which in the order of the files would be those of the first classes.
/// </summary>
internal static class ImageFolder
{
    public const int Side = 32;

    public static readonly ImageShape Shape = new(3, Side, Side);

    const int TestEvery = 10, Seed = 1;

    static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"];

    public static bool IsIn(string folder) => Directory.EnumerateDirectories(folder).Any(subfolder => ImageFiles(subfolder).Any());

    /// <summary>Whether a folder has image files in itself.</summary>
    public static bool IsFlat(string folder) => ImageFiles(folder).Any();

    /// <summary>All image files of a folder itself, in the order of their names, without classes and without a test part.</summary>
    /// <param name="ml">The context of the views.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="skipUnreadable">Whether files that cannot be decoded are left out instead of being an error.</param>
    public static ImageData OpenFlat(MLContext ml, string folder, bool skipUnreadable)
    {
        ImageFile[] files = [.. ImageFiles(folder).Order(StringComparer.Ordinal).Select(path => new ImageFile { Path = path })];
        (files, string[] skipped) = Readable(files, skipUnreadable);
        return files.Length > 0
            ? new ImageData(new DirectoryInfo(folder).Name, Shape, Read(ml, files), files.Length, Read(ml, []), 0)
            {
                Skipped = skipped, IsFlat = true,
            }
            : throw NoneReadable(folder, skipped);
    }

    /// <param name="ml">The context of the views.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="skipUnreadable">Whether files that cannot be decoded are left out instead of being an error.</param>
    public static ImageData Open(MLContext ml, string folder, bool skipUnreadable)
    {
        ImageFile[] files =
        [
            .. from subfolder in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal)
               from path in ImageFiles(subfolder).Order(StringComparer.Ordinal)
               select new ImageFile { Path = path, Class = Path.GetFileName(subfolder) },
        ];
        (files, string[] skipped) = Readable(files, skipUnreadable);
        string[] classes = [.. files.Select(file => file.Class).Distinct()];
        if (classes.Length < 2)
        {
            throw classes.Length == 0 ? NoneReadable(folder, skipped) : new DataSetException(
                $"'{folder}' has image files in the subfolder '{classes[0]}' only; a classifier needs two classes or more."
                + (IsFlat(folder) ? $" For the image files beside '{classes[0]}' alone, move it to another folder." : ""));
        }
        ImageFile[] train = [.. files.Where((_, index) => index % TestEvery != TestEvery - 1)];
        ImageFile[] test = [.. files.Where((_, index) => index % TestEvery == TestEvery - 1)];
        if (test.Length == 0)
            throw new DataSetException($"'{folder}' holds {files.Length} image files; at least {TestEvery} are needed.");
        new Random(Seed).Shuffle(train);
        new Random(Seed).Shuffle(test);

        return new ImageData(
            new DirectoryInfo(folder).Name, Shape, Read(ml, train), train.Length, Read(ml, test), test.Length)
        {
            Skipped = skipped,
        };
    }

    static DataSetException NoneReadable(string folder, string[] skipped) =>
        new($"None of the {skipped.Length:N0} image files in '{folder}' can be read.");

    /// <summary>The files that can be decoded, and the paths of the others.</summary>
    /// <exception cref="DataSetException">A file cannot be decoded, and is not to be skipped.</exception>
    static (ImageFile[] Files, string[] Skipped) Readable(ImageFile[] files, bool skipUnreadable)
    {
        string?[] problems = [.. files.AsParallel().AsOrdered().Select(file => ImageFileCheck.ProblemOf(file.Path))];
        int bad = problems.Count(problem => problem is not null);
        if (bad > 0 && !skipUnreadable)
        {
            int first = Array.FindIndex(problems, problem => problem is not null);
            string more = bad > 1 ? $" {bad - 1:N0} other file{(bad > 2 ? "s" : "")} cannot be read either." : "";
            throw new DataSetException($"'{files[first].Path}', image file {first + 1:N0} of {files.Length:N0}, {problems[first]}.{more} "
                + "Remove or replace what cannot be read, or leave it out with --skip-unreadable.");
        }
        return (
            [.. files.Where((_, index) => problems[index] is null)],
            [.. files.Where((_, index) => problems[index] is not null).Select(file => file.Path)]);
    }

    // Names with a dot in front are of the system: macOS leaves "._a.png" beside a.png.
    static IEnumerable<string> ImageFiles(string folder) => Directory.EnumerateFiles(folder).Where(file =>
        Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase) && !Path.GetFileName(file).StartsWith('.'));

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
