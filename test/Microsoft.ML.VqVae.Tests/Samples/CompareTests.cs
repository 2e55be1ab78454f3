using System.Text.Json;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Samples.Compare;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class CompareTests
{
    [TestMethod]
    public void The_file_has_the_promised_keys()
    {
        using var folder = new TemporaryFolder();
        new CompareMetrics
        {
            Dataset = "CIFAR-10", TrainRows = 3600, TestRows = 400, Steps = 900, BatchSize = 32, Seconds = 400.5, VqvaeBitsPerDim = 6.1,
            VaeBitsPerDim = 6, VimcoBitsPerDim = 6.5, VqvaeCodeBitsPerDim = 0.1875, VqvaePerplexity = 300, VimcoSamples = 10,
            VqvaeBitsPerDimWithPrior = 6.05, VqvaePriorBitsPerDim = 0.1375,
            VqvaeTrainingSeconds = 60, VaeTrainingSeconds = 60, VimcoTrainingSeconds = 200,
        }.Save(folder.File("metrics.json"));

        using JsonDocument file = JsonDocument.Parse(File.ReadAllText(folder.File("metrics.json")));
        string[] keys = [.. file.RootElement.EnumerateObject().Select(property => property.Name)];
        foreach (string key in "vqvae_bits_per_dim vae_bits_per_dim vimco_bits_per_dim steps seconds".Split(' '))
            Assert.Contains(key, keys);
        Assert.AreEqual(6.5, file.RootElement.GetProperty("vimco_bits_per_dim").GetDouble());
    }

    [TestMethod]
    [DataRow(1, false, 1)]
    [DataRow(3, false, 10)]
    [DataRow(3, true, 1)]
    public void The_three_models_have_one_network_and_one_budget(int channels, bool quick, int codesPerPosition)
    {
        var ml = new MLContext(seed: 1);
        ImageData data = ImageData.FromMemory(ml, "none", new ImageShape(channels, 8, 8), [], []);
        var settings = new CompareSettings { Quick = quick, Steps = 7, CodesPerPosition = codesPerPosition };
        ComparePlan plan = ComparePlan.For(data, settings);
        ImageVqVaeOptions vq = plan.VqVae(data, settings);
        ImageGaussianVaeOptions gaussian = plan.GaussianVae(data, settings);
        ImageVimcoOptions vimco = plan.Vimco(data, settings);
        foreach (ImageModelOptions options in new ImageModelOptions[] { vq, gaussian, vimco })
        {
            options.Validate();
            Assert.AreEqual(JsonSerializer.Serialize(vq.Codec), JsonSerializer.Serialize(options.Codec));
            Assert.AreEqual(PixelLikelihood.DiscretizedLogistic, options.Codec.PixelLikelihood);
            Assert.AreEqual((7, vq.Training.BatchSize, vq.Training.LearningRate, vq.Training.Schedule.ToString()),
                (options.Training.Steps, options.Training.BatchSize, options.Training.LearningRate, options.Training.Schedule.ToString()));
        }
        // What the decoders are given has one shape.
        Assert.AreEqual(vq.Quantizer.Channels, gaussian.LatentChannels);
        Assert.AreEqual(vq.Quantizer.Channels, vimco.Latents.Dimensions * vimco.Latents.LatentsPerPosition);
        Assert.AreEqual(vq.Quantizer.CodebookSize, vimco.Latents.Categories);
    }

    [TestMethod]
    public void Curves_without_points_do_not_keep_the_others_from_being_drawn()
    {
        using var folder = new TemporaryFolder();
        ComparedModel[] models =
        [
            new("one", 6.1, 4.51, [(0, 9), (100, 6.5), (200, 6.2)], [], 1), new("none", double.NaN, 4.67, [], [], 1),
            new("two", 6.4, 5.14, [(50, 7), (200, 6.4)], [], 1),
        ];
        Canvas canvas = CompareFigures.Curves("title", "CIFAR-10", new ComparePlan(200, 32, 2e-3, 10, 400, PriorSteps: 100), models);
        canvas.Save(folder.File("curves.png"));
        Assert.IsGreaterThan(1000, new FileInfo(folder.File("curves.png")).Length);
    }
}
