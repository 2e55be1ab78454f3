namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 70,000 grey pictures of clothes, 28×28, ten classes.</summary>
internal static class FashionMnist
{
    /// <summary>Where the IDX files are, if neither --data nor Debian's package says so.</summary>
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
                $"'{pixels.Path}' holds {count:N0} pictures but '{labels.Path}' {labels.Dimensions[0]:N0} labels. Fetch both again.");
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
