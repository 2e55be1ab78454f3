using System.Text.Json;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Tests.Samples.Speech;

/// <summary>The keys are a contract with whoever reads the files.</summary>
[TestClass]
public sealed class SpeechMetricsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Phonemes()
    {
        new PhonemeMetrics
        {
            Dataset = "flite", Codec = "mel", CodeRateHz = 25, Codes = 128, Phones = 41, TrainMinutes = 1.5, TestFrames = 1000, Seconds = 90,
            MapAccuracy = 0.55, ChanceAccuracy = 0.12, ShuffledCodesAccuracy = 0.12, WindowCodes = 11, WindowClassifierAccuracy = 0.85,
            CodebookUsage = 1, Perplexity = 100.5, BitsPerSecond = 175, ReloadIdentical = true,
        }.Save(_folder.File("metrics.json"));
        RequireKeys(
            "dataset, codec, code_rate_hz, codes, phones, train_minutes, test_frames, seconds, map_accuracy, chance_accuracy, "
            + "shuffled_codes_accuracy, window_codes, window_classifier_accuracy, codebook_usage, perplexity, bits_per_second, reload_identical");
    }

    [TestMethod]
    public void Speakers()
    {
        new SpeakerMetrics
        {
            Dataset = "flite", Seconds = 90, TrainMinutes = 1.5, Speakers = 4, TestUtterances = 12, ConvertedRecognisedAsTarget = 1,
            ConvertedRecognisedAsSource = 0, OriginalRecognised = 1, PhoneAccuracyOriginal = 0.8, PhoneAccuracyReconstructed = 0.7,
            PhoneAccuracyConverted = 0.69, ChanceSpeaker = 0.25,
        }.Save(_folder.File("metrics.json"));
        RequireKeys(
            "dataset, seconds, train_minutes, speakers, test_utterances, converted_recognised_as_target, converted_recognised_as_source, "
            + "original_recognised, phone_accuracy_original, phone_accuracy_reconstructed, phone_accuracy_converted, chance_speaker");
    }

    [TestMethod]
    public void Usage_counts_codes_and_weighs_them()
    {
        var usage = new CodeUsage([1, 1, 3, 3], codebookSize: 4);
        Assert.AreEqual(2, usage.Used);
        Assert.AreEqual(0.5, usage.Share);
        Assert.AreEqual(2, usage.Perplexity, 1e-9);
        CollectionAssert.AreEqual(new long[] { 2, 0, 2, 0 }, usage.Counts);
    }

    [TestMethod]
    public void Phones_come_once_in_an_order_of_sounds_whatever_their_case()
    {
        CollectionAssert.AreEqual(new[] { "SIL", "T", "S", "N", "IY", "what" }, PhoneOrder.Of(["IY", "what", "N", "T", "SIL", "S", "T"]));
        Assert.AreEqual(PhoneOrder.KindOf("iy"), PhoneOrder.KindOf("OW"));
        Assert.AreNotEqual(PhoneOrder.KindOf("iy"), PhoneOrder.KindOf("s"));
    }

    void RequireKeys(string keys)
    {
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(_folder.File("metrics.json")));
        Assert.AreEqual(keys, string.Join(", ", written.RootElement.EnumerateObject().Select(property => property.Name)));
    }
}
