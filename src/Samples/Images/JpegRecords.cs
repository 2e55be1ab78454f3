using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// CIFAR-10 as JPEG images: train.jpegs.gz and test.jpegs.gz, whose records are a label byte, the length of the image as UInt16, little
/// endian, and the image.
/// </summary>
internal static class JpegRecords
{
    const string TrainFile = "train.jpegs.gz", TestFile = "test.jpegs.gz";

    const int HeaderBytes = 3;

    static readonly ImageShape Shape = new(3, 32, 32);

    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, TrainFile)) && File.Exists(Path.Combine(folder, TestFile));

    public static ImageData Open(MLContext ml, string folder) => ImageData.FromMemory(
        ml, "CIFAR-10 (JPEG)", Shape, Read(Path.Combine(folder, TrainFile)), Read(Path.Combine(folder, TestFile)));

    static LabelledImage[] Read(string path)
    {
        using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        var images = new List<LabelledImage>();
        byte[] header = new byte[HeaderBytes];
        try
        {
            while (stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) is int read and > 0)
            {
                if (read < HeaderBytes)
                    throw new EndOfStreamException();
                byte[] jpeg = new byte[BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(1))];
                stream.ReadExactly(jpeg);
                images.Add(new LabelledImage
                {
                    Pixels = Decode(jpeg, path, images.Count), Class = CifarBinary.NameOf(header[0], path, images.Count),
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
