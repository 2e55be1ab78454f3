using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Phonemes;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>Recordings of speakers that the codec was not trained on, to be converted to the voices that it was trained on.</summary>
internal static class UnseenSources
{
    const string Option = "--source";

    /// <summary>Reads some recordings of a folder, as many of each speaker as possible.</summary>
    /// <param name="folder">A folder of recordings, with phones or without.</param>
    /// <param name="voices">The voices of the codec, which must be others.</param>
    /// <param name="count">The number of recordings.</param>
    /// <param name="stage">Receives the progress.</param>
    /// <param name="cancellation">Ends the unpacking.</param>
    public static AlignedUtterance[] Read(string folder, string[] voices, int count, Stage stage, CancellationToken cancellation)
    {
        IReadOnlyList<AlignedUtterance> all;
        try
        {
            all = AlignedCorpus.Read(folder);
        }
        catch (IOException)
        {
            // There are no labels; the rest of what may be wrong with a folder, this tells too.
            all = UnlabelledSpeech.Read(folder, GeneratedData.CacheFolder, stage, cancellation, Option);
        }
        if (all.FirstOrDefault(utterance => voices.Contains(utterance.Speaker)) is { } known)
        {
            throw new DataSetException($"Utterance '{known.Utterance}', given by {Option}, is of speaker '{known.Speaker}', who is one of "
                + $"the voices of the codec: {string.Join(", ", voices)}. Expected are other speakers.");
        }
        return Choose(all, count);
    }

    /// <summary>The first recording of each speaker, then the second of each, up to a number.</summary>
    internal static AlignedUtterance[] Choose(IReadOnlyList<AlignedUtterance> utterances, int count) =>
        [.. utterances.DistinctBy(utterance => utterance.Utterance).GroupBy(utterance => utterance.Speaker)
            .SelectMany(group => group.Select((utterance, turn) => (utterance, turn))).OrderBy(pair => pair.turn)
            .Select(pair => pair.utterance).Take(count)];

    /// <summary>Lets the classifiers hear recordings and conversions.</summary>
    public static UnseenSourceMetrics Measure(string folder, SpeechClassifiers classifiers, Spoken[] recordings, Spoken[] converted)
    {
        string[] heard = classifiers.Speakers(converted);
        bool labelled = recordings.All(recording => recording.Of.Labels.Length > 0);
        SpeechClassifiers.PhoneScore? ofRecordings = labelled ? classifiers.ScorePhones(recordings) : null;
        SpeechClassifiers.PhoneScore? ofConverted = labelled ? classifiers.ScorePhones(converted) : null;
        return new UnseenSourceMetrics
        {
            Dataset = new DirectoryInfo(folder).Name,
            Speakers = labelled ? recordings.DistinctBy(recording => recording.Of.Speaker).Count() : null,
            Utterances = recordings.Length,
            ConvertedRecognisedAsTarget = heard.Zip(converted).Average(pair => pair.First == pair.Second.Voice ? 1.0 : 0.0),
            PhoneAccuracyOriginal = ofRecordings?.Accuracy,
            PhoneAccuracyConverted = ofConverted?.Accuracy,
            PhoneAccuracyOriginalWithoutSilence = ofRecordings?.WithoutSilence,
            PhoneAccuracyConvertedWithoutSilence = ofConverted?.WithoutSilence,
            ChancePhone = ofRecordings?.Chance,
        };
    }
}

/// <summary>Conversions of speakers that the codec was not trained on.</summary>
internal sealed record UnseenSourceMetrics
{
    public required string Dataset { get; init; }

    /// <summary>The number of speakers; null where only recordings are known, not who speaks in them.</summary>
    public required int? Speakers { get; init; }

    /// <summary>The number of recordings that were converted to each voice.</summary>
    public required int Utterances { get; init; }

    /// <summary>The fraction of conversions that the classifier of voices assigns to the target voice.</summary>
    public required double ConvertedRecognisedAsTarget { get; init; }

    /// <summary>The accuracy of the classifier of phones on the recordings; null where their phones are not known.</summary>
    public required double? PhoneAccuracyOriginal { get; init; }

    /// <summary>Its accuracy on the conversions.</summary>
    public required double? PhoneAccuracyConverted { get; init; }

    public required double? PhoneAccuracyOriginalWithoutSilence { get; init; }

    public required double? PhoneAccuracyConvertedWithoutSilence { get; init; }

    /// <summary>The fraction of the most frequent phone.</summary>
    public required double? ChancePhone { get; init; }

    public void AddTo(Table table)
    {
        string converted = Speakers is { } speakers ? $"{speakers} other speakers" : $"{Utterances} other recordings";
        table.AddRow($"conversions of {converted} classified as the target voice", $"{ConvertedRecognisedAsTarget:0.0%}", "");
        if (PhoneAccuracyOriginal is null)
            return;
        table.AddRow("phone accuracy on recordings of other speakers", $"{PhoneAccuracyOriginal:0.0%}", $"{ChancePhone:0.0%} by guessing")
            .AddRow("phone accuracy on their conversions", $"{PhoneAccuracyConverted:0.0%}", "")
            .AddRow("the same without silence, recordings", $"{PhoneAccuracyOriginalWithoutSilence:0.0%}", "")
            .AddRow("the same without silence, conversions", $"{PhoneAccuracyConvertedWithoutSilence:0.0%}", "");
    }
}
