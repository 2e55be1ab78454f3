using System.Text.Json;
using Microsoft.ML.VqVae.Samples.Speakers;

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
}
