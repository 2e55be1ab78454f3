using System.Text.Json;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Phonemes;

namespace Microsoft.ML.VqVae.Tests.Samples.Phonemes;

/// <summary>The keys are a contract with whoever reads the files.</summary>
[TestClass]
public sealed class PhonemeMetricsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void The_file_has_exactly_the_promised_keys()
    {
        new PhonemeMetrics
        {
            Dataset = "flite", Codec = "mel", CodeRateHz = 25, Codes = 128, Phones = 41, TrainMinutes = 1.5, TestFrames = 1000, Seconds = 90,
            MapAccuracy = 0.55, ChanceAccuracy = 0.12, ShuffledCodesAccuracy = 0.12, WindowCodes = 11, WindowClassifierAccuracy = 0.85,
            CodebookUsage = 1, Perplexity = 100.5, BitsPerSecond = 175, ReloadIdentical = true, SilenceLabels = "pau", SilenceShare = 0.1,
            MapAccuracyWithoutSilence = 0.5, ChanceAccuracyWithoutSilence = 0.09, PhonePurity = 0.56, ClusterPurity = 0.1, Pnmi = 0.5,
            ShuffledCodesPnmi = 0.05,
        }.Save(_folder.File("metrics.json"));
        using JsonDocument written = JsonDocument.Parse(File.ReadAllText(_folder.File("metrics.json")));
        Assert.AreEqual(
            "dataset, codec, code_rate_hz, codes, phones, train_minutes, test_frames, seconds, map_accuracy, chance_accuracy, "
            + "shuffled_codes_accuracy, silence_labels, silence_share, map_accuracy_without_silence, chance_accuracy_without_silence, "
            + "phone_purity, cluster_purity, pnmi, shuffled_codes_pnmi, window_codes, window_classifier_accuracy, codebook_usage, perplexity, "
            + "bits_per_second, reload_identical",
            string.Join(", ", written.RootElement.EnumerateObject().Select(property => property.Name)));
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

    [TestMethod]
    public void Silence_has_many_names_and_label_sets_have_common_names()
    {
        Assert.IsTrue(new[] { "pau", "SIL", "sil", "sp", "h#", "epi" }.All(PhoneOrder.IsSilence));
        Assert.IsFalse(new[] { "p", "s", "spn", "" }.Any(PhoneOrder.IsSilence));
        CollectionAssert.AreEqual(
            new[] { "pau", "pau", "ah", "ah", "ah", "iy", "" },
            new[] { "SIL", "pau", "ax", "AH0", "ah", "IY1", "" }.Select(PhoneOrder.CommonName).ToArray());
    }
}
