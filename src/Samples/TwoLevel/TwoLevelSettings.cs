namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>What the command line says; the comments of the options are in Verbs/TwoLevelVerb.cs.</summary>
internal sealed record TwoLevelSettings
{
    public string? DataFolder { get; init; }

    public string? ModelFile { get; init; }

    public int Latents { get; init; } = 3;

    public int? Steps { get; init; }

    public int Seed { get; init; } = 1;

    public bool Cuda { get; init; }

    public bool Quick { get; init; }

    public string OutputFolder { get; init; } = Path.Combine("out", "two-level");
}
