namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>What the command line says; the comments of the options are in Verbs/GenerateVerb.cs.</summary>
internal sealed record GenerateSettings
{
    public string? DataFolder { get; init; }

    public string? ModelFile { get; init; }

    public int? PerClass { get; init; }

    public int Seed { get; init; } = 1;

    public bool Cuda { get; init; }

    public bool Quick { get; init; }

    public string OutputFolder { get; init; } = Path.Combine("out", "generate");
}
