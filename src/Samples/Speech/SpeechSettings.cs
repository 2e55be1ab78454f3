namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The options of the commands for speech.</summary>
internal sealed record SpeechSettings : SampleSettings
{
    public IReadOnlyList<string> LabelledFolders { get; init; } = [];

    public IReadOnlyList<string> UnlabelledFolders { get; init; } = [];

    /// <summary>Whether the codec is the paper's, over waveforms, instead of the one over mel features.</summary>
    public bool Waveform { get; init; }

    /// <summary>Whether the codes are compared with clusters of the features and with a supervised network.</summary>
    public bool References { get; init; }

    /// <summary>A folder of recordings of other speakers to convert.</summary>
    public string? SourceFolder { get; init; }

    /// <summary>Whether a WaveNet makes sound of decoded frames too.</summary>
    public bool Vocoder { get; init; }

    public int? Steps { get; init; }

    public string? CheckpointFolder { get; init; }
}

