using System.Buffers.Binary;
using System.IO.Compression;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 70,000 grayscale images of clothes, 28×28, ten classes.</summary>
internal static class FashionMnist
{
    /// <summary>The environment variable with the folder of the IDX files, in place of Debian's package.</summary>
    public const string FolderVariable = "VQVAE_FASHION_MNIST";

    public const string DebianFolder = "/usr/share/datasets/fashion-mnist";

    static readonly string[] Classes =
        ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    public static bool IsIn(string folder) => Directory.EnumerateFiles(folder, "*-images-idx3-ubyte*").Any();

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
        var (shape, train) = Read(folder, "train");
        var (_, test) = Read(folder, "t10k");
        return ImageData.FromMemory(ml, "Fashion-MNIST", shape, train, test);
    }

    static (ImageShape Shape, LabelledImage[] Images) Read(string folder, string part)
    {
        IdxFile pixels = IdxFile.Read(Find(folder, $"{part}-images-idx3-ubyte"), rank: 3);
        IdxFile labels = IdxFile.Read(Find(folder, $"{part}-labels-idx1-ubyte"), rank: 1);
        int count = pixels.Dimensions[0], size = pixels.Dimensions[1] * pixels.Dimensions[2];
        if (labels.Dimensions[0] != count)
            throw new DataSetException(
                $"'{pixels.Path}' holds {count:N0} images but '{labels.Path}' {labels.Dimensions[0]:N0} labels. Fetch both again.");
        if (labels.Values.Any(label => label >= Classes.Length))
            throw new DataSetException($"'{labels.Path}' holds the label {labels.Values.Max()}; Fashion-MNIST has the classes 0 to 9.");

        var images = new LabelledImage[count];
        for (int i = 0; i < count; i++)
            images[i] = new LabelledImage
            {
                Pixels = Array.ConvertAll(pixels.Values[(i * size)..((i + 1) * size)], value => (float)value),
                Class = Classes[labels.Values[i]],
            };
        return (new ImageShape(1, pixels.Dimensions[1], pixels.Dimensions[2]), images);
    }

    static string Find(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? path
            : File.Exists(path + ".gz") ? path + ".gz"
            : throw new DataSetException($"'{folder}' has no file {name} or {name}.gz, which Fashion-MNIST needs.");
    }
}

/// <summary>
/// The file format of MNIST and Fashion-MNIST: two zero bytes, the value type (8 is a byte), the number of dimensions, each dimension as
/// a big-endian 32-bit number, then the values; often inside gzip.
/// </summary>
internal sealed record IdxFile(string Path, int[] Dimensions, byte[] Values)
{
    const byte UnsignedByte = 8;

    public static IdxFile Read(string path, int rank)
    {
        byte[] content = ReadBytes(path);
        int header = 4 + 4 * rank;
        if (content.Length < header || content[0] != 0 || content[1] != 0 || content[2] != UnsignedByte || content[3] != rank)
            throw new DataSetException(
                $"'{path}' is no IDX file of bytes with {rank} dimension{(rank == 1 ? "" : "s")}: expected it to start with "
                + $"00 00 08 {rank:x2}, found {string.Join(' ', content.Take(4).Select(value => value.ToString("x2")))}.");

        int[] dimensions = [.. Enumerable.Range(0, rank).Select(axis => BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(4 + 4 * axis)))];
        long expected = dimensions.Aggregate(1L, (size, dimension) => size * Math.Max(dimension, 0));
        if (content.Length - header != expected)
            throw new DataSetException(
                $"'{path}' is damaged: its header announces {string.Join(" × ", dimensions)} = {expected:N0} values, "
                + $"but {content.Length - header:N0} follow. Fetch the file again.");
        return new IdxFile(path, dimensions, content[header..]);
    }

    static byte[] ReadBytes(string path)
    {
        using FileStream file = File.OpenRead(path);
        if (!path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
        {
            using var plain = new MemoryStream();
            file.CopyTo(plain);
            return plain.ToArray();
        }
        try
        {
            using var gzip = new GZipStream(file, CompressionMode.Decompress);
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
