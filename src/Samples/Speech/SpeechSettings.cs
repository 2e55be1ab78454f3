namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>What the command line says; the comments of the options are in the verbs.</summary>
internal sealed record SpeechSettings
{
    /// <summary>What --data takes; the readers are in the library.</summary>
    public const string DataDescription =
        "A folder of WAV or NIST SPHERE files with a .TextGrid (Praat) or .PHN (TIMIT) file of the same name beside each, in the folder or "
        + "its subfolders, or with utterances.tsv and phones.tsv. The phones of a TextGrid are its tier 'phones', or its only tier. The "
        + "speaker is the name of the subfolder that a file lies in, as in DR1/FCJF0/SA1.WAV, or of an outer one with which the file's "
        + "name starts, as in 19/198/19-198-0001.wav; of a file in the folder itself, what precedes the first '_' or '-' of its name, or, in "
        + "a name without these, the name of the folder. Default: sentences of four synthesised voices.";

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
