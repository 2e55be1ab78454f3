using System.Text.Json;
using Microsoft.ML.VqVae.Samples.SpeechPrior;

namespace Microsoft.ML.VqVae.Tests.Samples.SpeechPrior;

[TestClass]
public sealed class SpeechPriorMetricsTests
{
    [TestMethod]
    public void The_file_has_exactly_the_promised_keys()
    {
        using var folder = new TemporaryFolder();
        new SpeechPriorMetrics { Seconds = 1.5, PriorBitsPerCode = 4, UniformBitsPerCode = 7, BitsPerSecond = 100, Samples = 12 }
            .Save(folder.File("metrics.json"));
        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(folder.File("metrics.json")));
        CollectionAssert.AreEqual(
            "seconds prior_bits_per_code uniform_bits_per_code bits_per_second samples".Split(' '),
            file.RootElement.EnumerateObject().Select(property => property.Name).ToArray());
    }
}
