using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>Utterances with the times of their phones, and which of them are kept for the test.</summary>
/// <param name="Name">What the data is called in the results.</param>
/// <param name="Folder">Where it lies.</param>
/// <param name="Train">What codec and classifiers learn from.</param>
/// <param name="Test">What nothing learns from.</param>
/// <param name="KnownVoices">Whether all voices of the test are in the training data; then the sentences are not.</param>
internal sealed record SpeechData(
    string Name, string Folder, IReadOnlyList<AlignedUtterance> Train, IReadOnlyList<AlignedUtterance> Test, bool KnownVoices)
{
    /// <summary>Sentences in each voice of the default data: about an hour of speech.</summary>
    public const int Sentences = 250;

    public const int QuickSentences = 70;

    /// <summary>Every fifth sentence is kept for the test.</summary>
    const int TestEvery = 5;

    /// <summary>What a code stands for, in seconds.</summary>
    const float SecondsOfCode = 0.04f;

    /// <summary>Speakers that are kept for the test, where each says something else.</summary>
    const int TestSpeakers = 2;

    /// <summary>Opens a folder, or makes the default data.</summary>
    /// <param name="settings">Which data.</param>
    /// <param name="newSpeakers">Whether a test is to have speakers of its own where everyone says something else.</param>
    /// <param name="stage">Is told how far it is.</param>
    /// <param name="cancellation">Ends the making of the default data.</param>
    public static SpeechData Open(SpeechSettings settings, bool newSpeakers, Stage stage, CancellationToken cancellation) =>
        settings.DataFolder is { } folder
            ? Read(NameOf(folder), folder, newSpeakers)
            : Read("flite", FliteSpeech.Open(settings.Quick ? QuickSentences : Sentences, stage, cancellation), newSpeakers);

    /// <summary>Reads a folder of WAV files with label files beside them, or with utterances.tsv and phones.tsv, and divides it.</summary>
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

    /// <summary>With more to train on: all of other folders, none of whose speakers may be kept for the test.</summary>
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
    /// Where several speakers say the same sentences, every fifth sentence is kept for the test, in all voices; where everyone says
    /// something else, two speakers are, or every fifth utterance where the speakers are to be known or are two at most. An utterance
    /// whose text is not known counts as a sentence of its own.
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

    // The last code stands for a little more than the utterance; its centre may lie in what is filled up.
    static void CoverLastCodes(IEnumerable<AlignedUtterance> utterances)
    {
        foreach (AlignedUtterance utterance in utterances)
            utterance.LabelEnds[^1] = MathF.Ceiling(utterance.LabelEnds[^1] / SecondsOfCode - 0.001f) * SecondsOfCode;
    }

    /// <summary>How the test was kept apart, for the title of a picture.</summary>
    public string TestIs => KnownVoices
        ? "sentences that no training saw"
        : "speakers that no training heard: "
            + string.Join(", ", Test.Select(utterance => utterance.Speaker).Distinct().Order(StringComparer.Ordinal));
}
