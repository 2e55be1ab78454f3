using System.Globalization;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>Writes what a model says of utterances as lines of text that can be compared exactly, here or in another process.</summary>
internal static class Phones
{
    /// <summary>The hidden verb of the second process.</summary>
    public const string Verb = "phones";

    /// <summary>A line a code: the utterance, the code, the predicted phone, its score. "R" keeps every bit of a score.</summary>
    public static IEnumerable<string> Lines(MLContext ml, ITransformer model, SpeechData data, int utterances) => ml.Data
        .CreateEnumerable<ClassifiedFrame>(model.Transform(ml.Data.LoadFromEnumerable(data.Test.Take(utterances))), reuseRowObject: true)
        .Select(row => string.Join('\t',
            row.Utterance, row.Code, row.PredictedLabel, row.Score.Max().ToString("R", CultureInfo.InvariantCulture)));

    /// <summary>Has a new process of this program load the model and do the same. Returns its lines.</summary>
    public static string[] LinesOfNewProcess(
        string modelFile, SpeechData data, SpeechSettings settings, int utterances, CancellationToken cancellation) =>
        NewProcess.Lines($"which loads '{modelFile}'", file =>
        [
            Verb, "--model", modelFile, "--data", data.Folder, "--utterances", utterances.ToString(CultureInfo.InvariantCulture),
            "--out", file, "--device", settings.Cuda ? "cuda" : "cpu",
        ],
        cancellation);
}
