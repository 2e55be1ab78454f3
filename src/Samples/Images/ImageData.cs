using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>An image in memory: planar values from 0 to 255, rows from top to bottom.</summary>
internal sealed class LabelledImage
{
    public float[] Pixels { get; set; } = [];

    public string Class { get; set; } = "";
}

internal readonly record struct ImageShape(int Channels, int Height, int Width)
{
    public int Values => Channels * Height * Width;

    /// <summary>The schema of <see cref="LabelledImage"/> with the dimensions of an image.</summary>
    public SchemaDefinition Schema
    {
        get
        {
            var schema = SchemaDefinition.Create(typeof(LabelledImage));
            schema[nameof(LabelledImage.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, Channels, Height, Width);
            return schema;
        }
    }

    public override string ToString() => $"{Height}×{Width}×{Channels}";
}

/// <summary>A data set as two views with the columns Pixels (planar, 0…255) and Class.</summary>
internal sealed record ImageData(string Name, ImageShape Shape, IDataView Train, int TrainRows, IDataView Test, int TestRows)
{
    public static ImageData FromMemory(
        MLContext ml, string name, ImageShape shape, IReadOnlyCollection<LabelledImage> train, IReadOnlyCollection<LabelledImage> test) =>
        new(name, shape,
            ml.Data.LoadFromEnumerable(train, shape.Schema), train.Count,
            ml.Data.LoadFromEnumerable(test, shape.Schema), test.Count);
}

/// <summary>Opens a data set whose format is detected from the content of its folder.</summary>
internal static class ImageDataSets
{
    public static ImageData Open(MLContext ml, string? folder)
    {
        if (folder is null)
            return FashionMnist.Open(ml, FashionMnist.DefaultFolder());
        if (!Directory.Exists(folder))
            throw new DataSetException($"The folder '{folder}', given as --data, does not exist.");
        return FashionMnist.IsIn(folder) ? FashionMnist.Open(ml, folder)
            : CifarBinary.IsIn(folder) ? CifarBinary.Open(ml, folder)
            : JpegRecords.IsIn(folder) ? JpegRecords.Open(ml, folder)
            : ImageFolder.IsIn(folder) ? ImageFolder.Open(ml, folder)
            : throw new DataSetException(
                $"No images were found in '{folder}'. Expected is one of: the four IDX files of Fashion-MNIST (*-images-idx3-ubyte, "
                + "plain or .gz), CIFAR-10 binary files (*.bin) or "
                + "JPEG records (*.jpegs.gz), or one subfolder of image files per class (.png, .jpg, .bmp, .gif, "
                + ".webp).");
    }
}
