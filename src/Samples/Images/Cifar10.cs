using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Data;
using static System.FormattableString;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// CIFAR-10 (Krizhevsky 2009), in its binary layout: *.bin files of records of one label byte and 3 × 1,024 bytes, red, green and blue, of
/// 32×32 pixels; or as JPEG images: train.jpegs.gz and test.jpegs.gz, whose records are a label byte, the length of the image as UInt16,
/// little endian, and the image.
/// </summary>
internal static class Cifar10
{
    const string TrainJpegs = "train.jpegs.gz", TestJpegs = "test.jpegs.gz";

    const int JpegHeaderBytes = 3;

    /// <summary>The maximum size of the test set without a test_batch.bin: the last tenth of the images.</summary>
    const int MostHeldOut = 400;

    static readonly ImageShape Shape = new(3, 32, 32);

    static readonly string[] Classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    static int RecordBytes => 1 + Shape.Values;

    public static bool IsIn(string folder) => HasBinaryFiles(folder)
        || (File.Exists(Path.Combine(folder, TrainJpegs)) && File.Exists(Path.Combine(folder, TestJpegs)));

    public static ImageData Open(MLContext ml, string folder) => HasBinaryFiles(folder) ? OpenBinary(ml, folder) : ImageData.FromMemory(
        ml, "CIFAR-10 (JPEG)", Shape, ReadJpegs(Path.Combine(folder, TrainJpegs)), ReadJpegs(Path.Combine(folder, TestJpegs)));

    static bool HasBinaryFiles(string folder) => Directory.EnumerateFiles(folder, "*.bin").Any();

    static ImageData OpenBinary(MLContext ml, string folder)
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
    static string NameOf(byte label, string path, int record) => label < Classes.Length
        ? Classes[label]
        : throw new DataSetException($"Record {record} of '{path}' has the label {label}; CIFAR-10 has the classes 0 to 9.");

    static LabelledImage[] NotEmpty(LabelledImage[] images, string folder) => images.Length > 0
        ? images
        : throw new DataSetException($"The *.bin files in '{folder}' hold no images to train on.");

    static LabelledImage[] Read(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        if (content.Length % RecordBytes != 0)
        {
            throw new DataSetException(
                Invariant($"'{path}' is no CIFAR-10 file, or was cut short: expected records of {RecordBytes:N0} bytes, found ")
                + Invariant($"{content.Length:N0}, {content.Length % RecordBytes:N0} too many for {content.Length / RecordBytes:N0} records."));
        }

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

    static LabelledImage[] ReadJpegs(string path)
    {
        using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        var images = new List<LabelledImage>();
        byte[] header = new byte[JpegHeaderBytes];
        try
        {
            while (stream.ReadAtLeast(header, JpegHeaderBytes, throwOnEndOfStream: false) is int read and > 0)
            {
                if (read < JpegHeaderBytes)
                    throw new EndOfStreamException();
                byte[] jpeg = new byte[BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(1))];
                stream.ReadExactly(jpeg);
                images.Add(new LabelledImage
                {
                    Pixels = Decode(jpeg, path, images.Count), Class = NameOf(header[0], path, images.Count),
                });
            }
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException)
        {
            throw new DataSetException($"'{path}' is damaged or was cut short: record {images.Count} cannot be read. Copy the file again.");
        }
        return images.Count > 0 ? [.. images] : throw new DataSetException($"'{path}' holds no images.");
    }

    static float[] Decode(byte[] jpeg, string path, int record)
    {
        MLImage image;
        try
        {
            image = MLImage.CreateFromStream(new MemoryStream(jpeg));
        }
        catch (ArgumentException)
        {
            throw new DataSetException($"Record {record} of '{path}' is not an image.");
        }
        using (image)
        {
            if ((image.Height, image.Width) != (Shape.Height, Shape.Width))
            {
                throw new DataSetException(
                    $"Record {record} of '{path}' is an image of {image.Height}×{image.Width} pixels; expected {Shape.Height}×{Shape.Width}.");
            }
            ReadOnlySpan<byte> pixels = image.Pixels;
            int plane = Shape.Height * Shape.Width;
            float[] planar = new float[Shape.Values];
            (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
            for (int i = 0; i < plane; i++)
            {
                planar[i] = pixels[4 * i + red];
                planar[plane + i] = pixels[4 * i + 1];
                planar[2 * plane + i] = pixels[4 * i + blue];
            }
            return planar;
        }
    }
}
