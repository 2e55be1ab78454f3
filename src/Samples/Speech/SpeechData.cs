using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>Utterances with the times of their phones, split into training and test data.</summary>
/// <param name="Name">The name in the results.</param>
/// <param name="Folder">The folder of the data.</param>
/// <param name="Train">The training data of the codec and the classifiers.</param>
/// <param name="Test">The held-out data.</param>
/// <param name="KnownVoices">Whether the test data has new sentences of known voices, and not new voices.</param>
internal sealed record SpeechData(
    string Name, string Folder, IReadOnlyList<AlignedUtterance> Train, IReadOnlyList<AlignedUtterance> Test, bool KnownVoices)
{
    /// <summary>Sentences per voice of the default data: about an hour of speech.</summary>
    public const int Sentences = 250;

    public const int QuickSentences = 50;

    /// <summary>Every fifth sentence is kept for the test.</summary>
    const int TestEvery = 5;

    /// <summary>The duration of a code in seconds.</summary>
    const float SecondsOfCode = 0.04f;

    /// <summary>The number of test speakers, where speakers share no sentences.</summary>
    const int TestSpeakers = 2;

    /// <summary>Opens a folder, or generates the default data.</summary>
    /// <param name="settings">The options.</param>
    /// <param name="newSpeakers">Whether the test data has its own speakers where speakers share no sentences.</param>
    /// <param name="stage">Receives the progress.</param>
    /// <param name="cancellation">Ends the making of the default data.</param>
    public static SpeechData Open(SpeechSettings settings, bool newSpeakers, Stage stage, CancellationToken cancellation) =>
        settings.DataFolder is { } folder
            ? Read(NameOf(folder), folder, newSpeakers)
            : Read("flite", FliteSpeech.Open(settings.Quick ? QuickSentences : Sentences, stage, cancellation), newSpeakers);

    /// <summary>Reads a folder of WAV files with label files beside them, or with utterances.tsv and phones.tsv, and splits it.</summary>
    public static SpeechData Read(string name, string folder, bool newSpeakers) =>
        Split(name, folder, Utterances(folder, "--data"), newSpeakers);

    static IReadOnlyList<AlignedUtterance> Utterances(string folder, string option)
    {
        if (!Directory.Exists(folder))
            throw new DataSetException($"The folder '{folder}', given as {option}, does not exist.");
        try
        {
            return AlignedCorpus.Read(folder);
        }
        catch (Exception error) when (error is FileNotFoundException or InvalidDataException)
        {
            throw new DataSetException($"The folder '{folder}', given as {option}, cannot be used. {error.Message}");
        }
    }

    /// <summary>Adds all utterances of other folders to the training data; their speakers must not be test speakers.</summary>
    public SpeechData WithTraining(IReadOnlyList<string> folders)
    {
        AlignedUtterance[] more = [.. folders.SelectMany(folder => Utterances(folder, "--labelled"))];
        HashSet<string> kept = [.. Test.Select(utterance => utterance.Speaker)];
        if (more.FirstOrDefault(utterance => kept.Contains(utterance.Speaker)) is { } heard)
        {
            throw new DataSetException($"Utterance '{heard.Utterance}', given by --labelled, is of speaker '{heard.Speaker}', who is kept "
                + "for the test. Expected are other speakers.");
        }
        CoverLastCodes(more);
        return this with { Name = string.Join(" + ", [Name, .. folders.Select(NameOf)]), Train = [.. Train, .. more] };
    }

    /// <summary>
    /// Splits by sentence where speakers share sentences: every fifth sentence is test data. Otherwise two speakers are test data, or, with
    /// known or at most two speakers, every fifth utterance. An utterance without text counts as a sentence of its own.
    /// </summary>
    internal static SpeechData Split(string name, string folder, IReadOnlyList<AlignedUtterance> utterances, bool newSpeakers)
    {
        string[] speakers = [.. utterances.Select(utterance => utterance.Speaker).Distinct().Order(StringComparer.Ordinal)];
        string[] texts = [.. utterances.Select(SentenceOf).Distinct()];
        bool bySentence = !newSpeakers || speakers.Length <= TestSpeakers
            || (texts.Length >= TestEvery && texts.Length <= utterances.Count / 2);
        if (bySentence && texts.Length < TestEvery)
        {
            throw new DataSetException(
                $"'{folder}' has {utterances.Count} utterances of {speakers.Length} speakers, too few to keep some for a test. Expected "
                + $"are {TestEvery} different sentences or more.");
        }
        HashSet<string> kept = bySentence
            ? [.. texts.Where((_, index) => index % TestEvery == TestEvery - 1)]
            : [.. speakers.Take(TestSpeakers)];
        CoverLastCodes(utterances);
        ILookup<bool, AlignedUtterance> parts = utterances
            .ToLookup(utterance => kept.Contains(bySentence ? SentenceOf(utterance) : utterance.Speaker));
        return new SpeechData(name, folder, [.. parts[false]], [.. parts[true]], bySentence);
    }

    static string SentenceOf(AlignedUtterance utterance) => utterance.Text.Length > 0 ? utterance.Text : $"({utterance.Utterance})";

    static string NameOf(string folder) => new DirectoryInfo(folder).Name;

    // The last code reaches beyond the utterance; its center may lie in the padding.
    static void CoverLastCodes(IEnumerable<AlignedUtterance> utterances)
    {
        foreach (AlignedUtterance utterance in utterances)
            utterance.LabelEnds[^1] = MathF.Ceiling(utterance.LabelEnds[^1] / SecondsOfCode - 0.001f) * SecondsOfCode;
    }

    /// <summary>The duration of utterances, whose lengths are in samples of their files.</summary>
    public static double Minutes(IEnumerable<AlignedUtterance> utterances)
    {
        double minutes = 0;
        foreach (IGrouping<string, AlignedUtterance> ofFile in utterances.GroupBy(utterance => utterance.AudioPath))
        {
            using WaveFile file = WaveFile.Open(ofFile.Key);
            minutes += ofFile.Sum(utterance => utterance.Length) / (60.0 * file.SampleRate);
        }
        return minutes;
    }

    /// <summary>The recording of an utterance in mono, at the rate of <see cref="Spectrogram.SampleRate"/>.</summary>
    public static float[] Samples(AlignedUtterance utterance)
    {
        using WaveFile file = WaveFile.Open(utterance.AudioPath);
        float[] samples = file.ReadMono(utterance.Start, utterance.Length);
        return file.SampleRate == Spectrogram.SampleRate ? samples
            : new Resampler(file.SampleRate, Spectrogram.SampleRate).Resample(samples);
    }

    /// <summary>The kind of test data, for the title of a figure.</summary>
    public string TestIs => KnownVoices
        ? "held-out sentences"
        : "held-out speakers: "
            + string.Join(", ", Test.Select(utterance => utterance.Speaker).Distinct().Order(StringComparer.Ordinal));
}

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
