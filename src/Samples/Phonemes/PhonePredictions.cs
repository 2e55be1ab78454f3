using System.Globalization;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>The predictions of a model for utterances, as text that can be compared exactly across processes.</summary>
internal static class PhonePredictions
{
    /// <summary>The hidden command of the second process.</summary>
    public const string Verb = "phones";

    /// <summary>One line per code: the utterance, the code, the predicted phone, its score. "R" keeps every bit of a score.</summary>
    public static IEnumerable<string> Lines(MLContext ml, ITransformer model, SpeechData data, int utterances) => ml.Data
        .CreateEnumerable<ClassifiedFrame>(model.Transform(ml.Data.LoadFromEnumerable(data.Test.Take(utterances))), reuseRowObject: true)
        .Select(row => string.Join('\t',
            row.Utterance, row.Code, row.PredictedLabel, row.Score.Max().ToString("R", CultureInfo.InvariantCulture)));
}
