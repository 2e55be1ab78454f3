namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>What the command line says; the comments of the options are in Verbs/ImagesVerb.cs.</summary>
internal sealed record ImagesSettings
{
    public string? DataFolder { get; init; }

    public int? Steps { get; init; }

    public int Seed { get; init; } = 1;

    public bool Cuda { get; init; }

    public bool Quick { get; init; }

    public string OutputFolder { get; init; } = Path.Combine("out", "images");

    public int CodesPerPosition { get; init; } = 1;

    public string? CheckpointFolder { get; init; }
}
