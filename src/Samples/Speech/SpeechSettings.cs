namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>What the command line says; the comments of the options are in the verbs.</summary>
internal sealed record SpeechSettings
{
    public string? DataFolder { get; init; }

    public IReadOnlyList<string> LabelledFolders { get; init; } = [];

    public IReadOnlyList<string> UnlabelledFolders { get; init; } = [];

    /// <summary>Whether the codec is the paper's, over waveforms, and not the one over mel features.</summary>
    public bool Waveform { get; init; }

    public int? Steps { get; init; }

    public int Seed { get; init; } = 1;

    public bool Cuda { get; init; }

    public bool Quick { get; init; }

    public required string OutputFolder { get; init; }

    public string? CheckpointFolder { get; init; }
}
