using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Compression;

/// <summary>The options of the compress command.</summary>
internal sealed record CompressSettings : ImageSampleSettings
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
