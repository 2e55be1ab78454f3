namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>What the command line says; the comments of the options are in VideoVerb.cs.</summary>
internal sealed record VideoSettings
{
    public string? DataFolder { get; init; }

    public int? CodecSteps { get; init; }

    public int? PriorSteps { get; init; }

    public int Seed { get; init; } = 1;

    public bool Cuda { get; init; }

    public bool Quick { get; init; }

    public string? CheckpointFolder { get; init; }

    public string OutputFolder { get; init; } = Path.Combine("out", "video");
}
