using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;

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

    /// <summary>The whole number of pixels per pixel of an image that is drawn with at most the given width and height.</summary>
    public int Scale(int most) => Math.Max(1, most / Math.Max(Height, Width));

    /// <summary>The picture of planar pixels of this shape.</summary>
    public Tile Tile(float[] pixels) => Drawing.Tile.FromPlanar(pixels, Channels, Height, Width);

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
    /// <summary>The files that were left out, since they cannot be read.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];

    /// <summary>Whether these are image files without classes and without a test part: Train has all of them.</summary>
    public bool IsFlat { get; init; }

    public static ImageData FromMemory(
        MLContext ml, string name, ImageShape shape, IReadOnlyCollection<LabelledImage> train, IReadOnlyCollection<LabelledImage> test) =>
        new(name, shape,
            ml.Data.LoadFromEnumerable(train, shape.Schema), train.Count,
            ml.Data.LoadFromEnumerable(test, shape.Schema), test.Count);
}

/// <summary>The options of the commands whose data are images.</summary>
internal abstract record ImageSampleSettings : SampleSettings
{
    /// <summary>Whether image files that cannot be decoded are left out instead of being an error.</summary>
    public bool SkipUnreadable { get; init; }
}

/// <summary>Opens a data set whose format is detected from the content of its folder.</summary>
internal static class ImageDataSets
{
    /// <summary>Opens the data set of a run as its first stage, and shows the number of files that were skipped.</summary>
    /// <param name="ml">The context of the views.</param>
    /// <param name="settings">The options of the command.</param>
    /// <param name="stages">The stages of the run.</param>
    /// <param name="orFlat">Whether image files without subfolders are taken as well.</param>
    public static ImageData Open(MLContext ml, ImageSampleSettings settings, Stages stages, bool orFlat = false)
    {
        ImageData data = stages.Run("Read the images", _ => Open(ml, settings.DataFolder, settings.SkipUnreadable, orFlat));
        if (data.Skipped.Count > 0)
            stages.Run($"Skipped {data.Skipped.Count:N0} files that cannot be read, the first is '{data.Skipped[0]}'", _ => { });
        return data;
    }

    /// <param name="ml">The context of the views.</param>
    /// <param name="folder">The folder; null for the default data.</param>
    /// <param name="skipUnreadable">Whether image files that cannot be decoded are left out instead of being an error.</param>
    /// <param name="orFlat">Whether image files without subfolders are taken as well. What has classes comes first: a stray preview.png
    /// beside the subfolders is not the data.</param>
    public static ImageData Open(MLContext ml, string? folder, bool skipUnreadable = false, bool orFlat = false)
    {
        if (folder is null)
            return IdxImages.Open(ml, IdxImages.DefaultFolder());
        if (!Directory.Exists(folder))
            throw new DataSetException($"The folder '{folder}', given as --data, does not exist.");
        return IdxImages.IsIn(folder) ? IdxImages.Open(ml, folder)
            : Cifar10.IsIn(folder) ? Cifar10.Open(ml, folder)
            : ImageFolder.IsIn(folder) ? ImageFolder.Open(ml, folder, skipUnreadable)
            : orFlat && ImageFolder.IsFlat(folder) ? ImageFolder.OpenFlat(ml, folder, skipUnreadable)
            : throw new DataSetException(
                $"No images were found in '{folder}'. Expected is one of: the four IDX files of MNIST or its relatives "
                + "(*-images-idx3-ubyte, plain or .gz), CIFAR-10 binary files (*.bin) or JPEG records (train.jpegs.gz and "
                + $"test.jpegs.gz), {(orFlat ? "image files" : "or one subfolder of image files per class")} (.png, .jpg, .bmp, .gif, .webp)"
                + (orFlat ? ", with or without one subfolder per class." : "."));
    }
}
