using System.Text.Json;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Speakers;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Tests.Samples.Speakers;

[TestClass]
public sealed class SpeakerMetricsTests
{
    [TestMethod]
    public void The_file_has_exactly_the_promised_keys()
    {
        using var folder = new TemporaryFolder();
        new SpeakerMetrics
        {
            Dataset = "flite", Seconds = 90, TrainMinutes = 1.5, Speakers = 4, TestUtterances = 12, ConvertedRecognisedAsTarget = 1,
            ConvertedRecognisedAsSource = 0, OriginalRecognised = 1, PhoneAccuracyOriginal = 0.8, PhoneAccuracyReconstructed = 0.7,
            PhoneAccuracyConverted = 0.69, ChanceSpeaker = 0.25,
        }.Save(folder.File("metrics.json"));
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(folder.File("metrics.json")));
        Assert.AreEqual(
            "dataset, seconds, train_minutes, speakers, test_utterances, converted_recognised_as_target, converted_recognised_as_source, "
            + "original_recognised, phone_accuracy_original, phone_accuracy_reconstructed, phone_accuracy_converted, chance_speaker",
            string.Join(", ", written.RootElement.EnumerateObject().Select(property => property.Name)));
    }

    [TestMethod]
    public void The_classifier_of_phones_hears_a_share_of_each_voice_whatever_their_order()
    {
        // Voice after voice, as the default data are.
        AlignedUtterance[] all = [.. new[] { ("awb", 4), ("kal16", 4), ("rms", 3), ("slt", 1) }.SelectMany(voice =>
            Enumerable.Range(0, voice.Item2).Select(number =>
                new AlignedUtterance { Utterance = $"{voice.Item1}-{number}", Speaker = voice.Item1 }))];
        var data = new SpeechData("some", "folder", all, Test: [], KnownVoices: true);
        Assert.AreEqual(
            "awb-0 awb-1 kal16-0 kal16-1 rms-0 rms-1 slt-0", string.Join(' ', new SpeakerPlan(Steps: 1, TestUtterances: 1, ClassifierShare: 0.5)
                .ClassifierUtterances(data).Select(utterance => utterance.Utterance)));
    }
}
