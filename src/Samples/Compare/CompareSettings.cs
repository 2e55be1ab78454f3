namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>What the command line says; the comments of the options are in CompareVerb.cs.</summary>
internal sealed record CompareSettings
{
    public string? DataFolder { get; init; }

    public int? Steps { get; init; }

    public int? Samples { get; init; }

    public int Seed { get; init; } = 1;

    public bool Cuda { get; init; }

    public bool Quick { get; init; }

    public string OutputFolder { get; init; } = Path.Combine("out", "compare");

    public int CodesPerPosition { get; init; } = 1;
}
