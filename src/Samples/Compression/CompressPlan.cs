using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Compression;

/// <summary>The options of the compress command.</summary>
internal sealed record CompressSettings : SampleSettings
{
    public string? ModelFile { get; init; }

    public int? Images { get; init; }

    /// <summary>The training of a codec and a prior, if they are not loaded: those of the generate sample.</summary>
    public GenerateSettings Training => new() { DataFolder = DataFolder, Seed = Seed, Cuda = Cuda, Quick = Quick };

    /// <summary>Number of images to compress.</summary>
    public int MaxImages => Images ?? (Quick ? 1000 : int.MaxValue);
}

/// <summary>The options of the decompress command.</summary>
internal sealed record DecompressSettings : SampleSettings
{
    public string ModelFile { get; init; } = "";

    /// <summary>The compressed file.</summary>
    public string File => DataFolder ?? Path.Combine("out", CompressSample.Name, CompressSample.FileName);
}

/// <summary>The images to compress.</summary>
/// <param name="Name">The name of the data.</param>
/// <param name="Shape">The size of the images.</param>
/// <param name="View">A view with the columns Pixels and Class.</param>
/// <param name="Training">The data to train on; null where a model is required.</param>
internal sealed record ImagesToCompress(string Name, ImageShape Shape, IDataView View, ImageData? Training)
{
    /// <summary>The test images of a data set, or all image files of a folder without subfolders.</summary>
    public static ImagesToCompress Open(MLContext ml, string? folder)
    {
        if (folder is not null && ImageFolder.IsFlat(folder))
            return new(new DirectoryInfo(folder).Name, ImageFolder.Shape, ImageFolder.OpenFlat(ml, folder), null);
        ImageData data = ImageDataSets.Open(ml, folder);
        return new(data.Name, data.Shape, data.Test, data);
    }
}
