using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using static System.FormattableString;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// A data set in four IDX files, images and labels for training and test: Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), which is the
/// default data, MNIST, EMNIST and others of their kind. Files may be plain or packed by gzip, and have a dot in place of the second dash.
/// </summary>
internal static partial class IdxImages
{
    /// <summary>The environment variable with the folder of the default data, in place of Debian's package.</summary>
    public const string FolderVariable = "VQVAE_FASHION_MNIST";

    public const string DebianFolder = "/usr/share/datasets/fashion-mnist";

    static readonly string[] FashionClasses =
        ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>The first labels of Fashion-MNIST, whose files have the names of MNIST's.</summary>
    static ReadOnlySpan<byte> FashionLabels =>
        [9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9, 1, 0, 6, 4, 3, 1, 4, 8, 4, 3, 0, 2, 4, 4, 5, 3];

    public static bool IsIn(string folder) => NamesIn(folder).Any(name => ImageFile().IsMatch(name));

    /// <summary>The folder that the environment names, or that of Debian's package.</summary>
    public static string DefaultFolder()
    {
        string folder = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named ? named : DebianFolder;
        return Directory.Exists(folder) ? folder : throw new DataSetException(
            $"Fashion-MNIST is not in '{folder}'. Install it (Debian: apt install dataset-fashion-mnist), name the folder with its four "
            + $"IDX files with --data or in the environment variable {FolderVariable}, or give --data another data set.");
    }

    public static ImageData Open(MLContext ml, string folder)
    {
        string[] sets = [.. NamesIn(folder).Select(name => ImageFile().Match(name)).Where(match => match.Success)
            .Select(match => match.Groups["set"].Value).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal)];
        if (sets.Length > 1)
        {
            string named = string.Join(", ", sets.Select(set => $"'{set}'"));
            throw new DataSetException($"'{folder}' holds the IDX files of several data sets ({named}); expected are the four files of one. "
                + "Move the others to folders of their own.");
        }
        (IdxFile trainPixels, IdxFile trainLabels) = Read(folder, sets[0], "train");
        (IdxFile testPixels, IdxFile testLabels) = Read(folder, sets[0], "t10k", "test");
        bool isFashion = trainLabels.Values.AsSpan().StartsWith(FashionLabels);
        Dictionary<int, string> names = isFashion ? FashionClasses.Index().ToDictionary() : NamesOfClasses(folder, sets[0]);
        ImageShape shape = ShapeOf(trainPixels), testShape = ShapeOf(testPixels);
        if (shape != testShape)
        {
            throw new DataSetException($"'{trainPixels.Path}' holds images of {shape} but '{testPixels.Path}' of {testShape}: expected are "
                + "the files of one data set.");
        }
        string name = isFashion ? "Fashion-MNIST" : sets[0].Length > 0 ? sets[0].TrimEnd('-', '_', '.') : new DirectoryInfo(folder).Name;
        return ImageData.FromMemory(
            ml, name, shape, Images(trainPixels, trainLabels, names), Images(testPixels, testLabels, names));
    }

    static ImageShape ShapeOf(IdxFile pixels) => new(1, pixels.Dimensions[1], pixels.Dimensions[2]);

    static (IdxFile Pixels, IdxFile Labels) Read(string folder, string set, params string[] parts)
    {
        IdxFile pixels = IdxFile.Read(Find(folder, set, parts, "images", rank: 3), rank: 3);
        IdxFile labels = IdxFile.Read(Find(folder, set, parts, "labels", rank: 1), rank: 1);
        return pixels.Dimensions[0] == labels.Dimensions[0] ? (pixels, labels) : throw new DataSetException(
            Invariant($"'{pixels.Path}' holds {pixels.Dimensions[0]:N0} images but '{labels.Path}' {labels.Dimensions[0]:N0} labels. ")
            + "Fetch both again.");
    }

    static LabelledImage[] Images(IdxFile pixels, IdxFile labels, Dictionary<int, string> names)
    {
        int size = pixels.Dimensions[1] * pixels.Dimensions[2];
        return [.. labels.Values.Select((label, i) => new LabelledImage
        {
            Pixels = Array.ConvertAll(pixels.Values[(i * size)..((i + 1) * size)], value => (float)value),
            Class = names.GetValueOrDefault(label, label.ToString(CultureInfo.InvariantCulture)),
        })];
    }

    /// <summary>The class names of EMNIST's mapping file, whose lines are a label and the codes of its characters: "1 65 97".</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="set">The beginning of the names of the files of the set, such as "emnist-letters-"; other sets have other classes.</param>
    static Dictionary<int, string> NamesOfClasses(string folder, string set)
    {
        string? path = Directory.EnumerateFiles(folder, "*mapping.txt").FirstOrDefault(
            file => Path.GetFileName(file).Equals($"{set}mapping.txt", StringComparison.OrdinalIgnoreCase));
        Dictionary<int, string> names = [];
        string[] lines = path is null ? [] : File.ReadAllLines(path);
        for (int line = 0; line < lines.Length; line++)
        {
            string[] parts = lines[line].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            int[] numbers = [.. parts.Select(part => int.TryParse(part, CultureInfo.InvariantCulture, out int number) ? number : -1)];
            if (numbers.Length == 0)
                continue;
            if (numbers.Length < 2 || numbers.Any(number => number is < 0 or > char.MaxValue))
            {
                throw new DataSetException($"'{path}', line {line + 1}: expected a label and the codes of its characters, as in '1 65 97', "
                    + $"found '{lines[line]}'.");
            }
            names[numbers[0]] = string.Concat(numbers.Skip(1).Select(number => (char)number));
        }
        return names;
    }

    static string Find(string folder, string set, string[] parts, string kind, int rank)
    {
        string[] present = [.. NamesIn(folder)];
        IEnumerable<string> wanted = from part in parts
                                     from dash in (string[])["-", "."]
                                     from ending in (string[])["", ".gz"]
                                     select $"{set}{part}-{kind}{dash}idx{rank}-ubyte{ending}";
        return wanted.Select(name => Array.Find(present, found => found.Equals(name, StringComparison.OrdinalIgnoreCase)))
            .OfType<string>().FirstOrDefault() is string file
            ? Path.Combine(folder, file)
            : throw new DataSetException($"'{folder}' has no file {wanted.First()}, plain or with .gz, which the data set needs.");
    }

    static IEnumerable<string> NamesIn(string folder) => Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path));

    [GeneratedRegex(@"^(?<set>.*?)(train|t10k|test)-images[.-]idx3-ubyte(\.gz)?$", RegexOptions.IgnoreCase)]
    private static partial Regex ImageFile();
}

/// <summary>
/// The file format of MNIST and its relatives: two zero bytes, the value type (8 is a byte), the number of dimensions, each dimension as a
/// big-endian 32-bit number, then the values; often packed by gzip, whatever the name.
/// </summary>
internal sealed record IdxFile(string Path, int[] Dimensions, byte[] Values)
{
    const byte UnsignedByte = 8;

    public static IdxFile Read(string path, int rank)
    {
        byte[] content = ReadBytes(path);
        int header = 4 + 4 * rank;
        if (content.Length < header || content[0] != 0 || content[1] != 0 || content[2] != UnsignedByte || content[3] != rank)
        {
            throw new DataSetException(
                $"'{path}' is no IDX file of bytes with {rank} dimension{(rank == 1 ? "" : "s")}: expected it to start with "
                + $"00 00 08 {rank:x2}, found {string.Join(' ', content.Take(4).Select(value => value.ToString("x2")))}.");
        }
        int[] dimensions = [.. Enumerable.Range(0, rank).Select(axis => BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(4 + 4 * axis)))];
        Int128 expected = dimensions.Aggregate((Int128)1, (size, dimension) => size * Math.Max(dimension, 0));
        if (content.Length - header != expected)
        {
            throw new DataSetException(
                Invariant($"'{path}' is damaged: its header announces {string.Join(" × ", dimensions)} = {expected:N0} values, ")
                + Invariant($"but {content.Length - header:N0} follow. Fetch the file again."));
        }
        return expected > 0
            ? new IdxFile(path, dimensions, content[header..])
            : throw new DataSetException($"'{path}' holds no values: its dimensions are {string.Join(" × ", dimensions)}.");
    }

    static byte[] ReadBytes(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        if (!content.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
            return content;
        try
        {
            using var gzip = new GZipStream(new MemoryStream(content), CompressionMode.Decompress);
            using var unpacked = new MemoryStream();
            gzip.CopyTo(unpacked);
            return unpacked.ToArray();
        }
        catch (InvalidDataException damage)
        {
            throw new DataSetException($"'{path}' cannot be unpacked: {damage.Message} Fetch the file again.");
        }
    }
}
