namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The options of the commands for speech.</summary>
internal sealed record SpeechSettings : SampleSettings
{
    public IReadOnlyList<string> LabelledFolders { get; init; } = [];

    public IReadOnlyList<string> UnlabelledFolders { get; init; } = [];

    /// <summary>Whether the codec is the paper's, over waveforms, instead of the one over mel features.</summary>
    public bool Waveform { get; init; }

    public int? Steps { get; init; }

    public string? CheckpointFolder { get; init; }
}

