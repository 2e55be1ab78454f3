using System.Text.Json;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class SampleMetricsTests
{
    [TestMethod]
    public void The_file_has_exactly_the_promised_keys()
    {
        using var folder = new TemporaryFolder();
        new ImagesMetrics
        {
            Dataset = "Fashion-MNIST", TrainRows = 60000, TestRows = 10000, Steps = 7, Seconds = 1.5, Mse = 2, Nmse = 0.25,
            PsnrDb = double.PositiveInfinity, CodebookUsage = 1, Perplexity = 300.5, CodesPerImage = 49, ClassifierMicroAccuracy = 0.86,
            CountClassifierMicroAccuracy = 0.8, PixelClassifierMicroAccuracy = 0.84,
            ChanceAccuracy = 0.1, ReloadIdentical = true,
        }.Save(folder.File("metrics.json"));

        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(folder.File("metrics.json")));
        CollectionAssert.AreEqual(
            ("dataset train_rows test_rows steps seconds mse nmse psnr_db codebook_usage perplexity codes_per_image "
                + "classifier_micro_accuracy count_classifier_micro_accuracy pixel_classifier_micro_accuracy chance_accuracy "
                + "reload_identical").Split(' '),
            file.RootElement.EnumerateObject().Select(property => property.Name).ToArray());
        Assert.AreEqual(0.25, file.RootElement.GetProperty("nmse").GetDouble());
        Assert.IsTrue(file.RootElement.GetProperty("reload_identical").GetBoolean());
    }
}
