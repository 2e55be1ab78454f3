namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// CIFAR-10 (Krizhevsky 2009) in its binary layout: records of one label byte and 3 × 1,024 bytes, red, green and blue, of 32×32 pixels.
/// </summary>
internal static class CifarBinary
{
    /// <summary>The maximum size of the test set without a test_batch.bin: the last tenth of the images.</summary>
    const int MostHeldOut = 400;

    static readonly ImageShape Shape = new(3, 32, 32);

    static readonly string[] Classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    static int RecordBytes => 1 + Shape.Values;

    public static bool IsIn(string folder) => Directory.EnumerateFiles(folder, "*.bin").Any();

    public static ImageData Open(MLContext ml, string folder)
    {
        string[] files = [.. Directory.EnumerateFiles(folder, "*.bin").Order(StringComparer.Ordinal)];
        string? testFile = Array.Find(files, file => Path.GetFileName(file).Equals("test_batch.bin", StringComparison.OrdinalIgnoreCase));
        LabelledImage[] train = [.. files.Where(file => file != testFile).SelectMany(Read)];
        if (testFile is not null)
            return ImageData.FromMemory(ml, "CIFAR-10", Shape, NotEmpty(train, folder), Read(testFile));

        int heldOut = Math.Min(MostHeldOut, NotEmpty(train, folder).Length / 10);
        if (heldOut == 0)
            throw new DataSetException($"'{folder}' holds {train.Length} images; without a test_batch.bin at least 10 are needed.");
        return ImageData.FromMemory(ml, "CIFAR-10", Shape, train[..^heldOut], train[^heldOut..]);
    }

    /// <summary>The class of a label of record number <paramref name="record"/> of a file.</summary>
    public static string NameOf(byte label, string path, int record) => label < Classes.Length
        ? Classes[label]
        : throw new DataSetException($"Record {record} of '{path}' has the label {label}; CIFAR-10 has the classes 0 to 9.");

    static LabelledImage[] NotEmpty(LabelledImage[] images, string folder) => images.Length > 0
        ? images
        : throw new DataSetException($"The *.bin files in '{folder}' hold no images to train on.");

    static LabelledImage[] Read(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        if (content.Length % RecordBytes != 0)
            throw new DataSetException(
                $"'{path}' is no CIFAR-10 file, or was cut short: expected records of {RecordBytes:N0} bytes, "
                + $"found {content.Length:N0}, {content.Length % RecordBytes:N0} too many for {content.Length / RecordBytes:N0} records.");

        var images = new LabelledImage[content.Length / RecordBytes];
        for (int i = 0; i < images.Length; i++)
        {
            images[i] = new LabelledImage
            {
                Pixels = Array.ConvertAll(content[(i * RecordBytes + 1)..((i + 1) * RecordBytes)], value => (float)value),
                Class = NameOf(content[i * RecordBytes], path, i),
            };
        }
        return images;
    }
}
