using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>The paper's settings (section 4 of arXiv 1711.00937), and settings that every preset must have in common.</summary>
[TestClass]
public class PresetTests
{
    [TestMethod]
    public void The_papers_models_have_the_papers_codes()
    {
        Check(ImageVqVaeOptions.Cifar10(), 32, (8, 8, 10));
        Check(ImageVqVaeOptions.ImageNet128(), 128, (32, 32, 1));
        Check(ImageVqVaeOptions.DeepMindLab84(), 84, (21, 21, 1));
    }

    static void Check(ImageVqVaeOptions options, int side, (int, int, int) codes)
    {
        options.Validate();
        Assert.AreEqual((side, side, 3), (options.Codec.Height, options.Codec.Width, options.Codec.Channels));
        Assert.AreEqual((512, 0.25), (options.VectorQuantizer.Codes, options.VectorQuantizer.CommitmentCost));
        Assert.AreEqual(CodebookLearning.Gradient, options.VectorQuantizer.Learning);
        Assert.AreEqual((false, 0, 0),
            (options.VectorQuantizer.InitializeFromData, options.VectorQuantizer.RestartEverySteps, options.VectorQuantizer.UnquantizedSteps));
        CheckTraining(options);
        int positions = side >> options.Codec.Downsamplings;
        Assert.AreEqual(codes, (positions, positions, options.VectorQuantizer.CodesPerPosition));
    }

    static void CheckTraining(ImageModelOptions options)
    {
        Assert.AreEqual((256, 256, 256, 2), (options.Codec.HiddenChannels, options.Codec.OuterChannels, options.Codec.ResidualChannels,
            options.Codec.ResidualBlocks));
        Assert.AreEqual((2e-4, 128, 250_000), (options.Training.LearningRate, options.Training.BatchSize, options.Training.Steps));
        Assert.AreEqual(LearningRateSchedule.Constant, options.Training.Schedule);
    }

    [TestMethod]
    public void The_papers_baselines_have_the_network_of_its_codec()
    {
        ImageVimcoOptions vimco = ImageVimcoOptions.Cifar10();
        Assert.AreEqual(50, vimco.Latents.Samples);
        foreach (ImageBaselineOptions options in (ImageBaselineOptions[])[ImageGaussianVaeOptions.Cifar10(), vimco])
        {
            options.Validate();
            CheckTraining(options);
            Assert.AreEqual((32, 32, 3), (options.Codec.Height, options.Codec.Width, options.Codec.Channels));
            Assert.AreEqual(PixelLikelihood.DiscretizedLogistic, options.Codec.PixelLikelihood);
        }
    }

    [TestMethod]
    public void The_large_presets_are_valid_and_larger_than_the_defaults()
    {
        foreach (NetworkOptions options in (NetworkOptions[])[PriorOptions.Large(), CodesVqVaeOptions.Large(), VideoPriorOptions.Large()])
        {
            options.Validate();
            Assert.AreEqual((10.0, null), (options.Training.Epochs, options.Training.Steps));
        }
        Assert.IsGreaterThan(new PriorOptions().PixelCnn.Channels, PriorOptions.Large().PixelCnn.Channels);
        Assert.IsGreaterThan(new CodesVqVaeOptions().Codec.Decoder.Layers, CodesVqVaeOptions.Large().Codec.Decoder.Layers);
        Assert.IsGreaterThan(new VideoPriorOptions().Network.Frame.Layers, VideoPriorOptions.Large().Network.Frame.Layers);
    }

    [TestMethod]
    public void The_flat_arguments_start_from_the_fast_preset()
    {
        ImageVqVaeOptions fast = ImageVqVaeOptions.Fast();
        fast.Validate();
        Assert.AreNotSame(fast.Codec, ImageVqVaeOptions.Fast().Codec, "Each call gives options of its own, to be changed at will.");
        var ml = new MLContext(seed: 1);
        using ImageVqVaeTransformer transformer =
            ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", "Decoded", codes: 7, codesPerPosition: 2, steps: 1, seed: 1)
            .Fit(Tiny.Data(ml, 8));
        Assert.AreEqual(7, transformer.Codes);
        Assert.AreEqual((2, 2, 2), transformer.CodeGrid);
        Assert.AreEqual(("Pixels", "Codes", "Decoded"),
            (transformer.InputColumnName, transformer.OutputColumnName, transformer.ReconstructionColumnName));
    }
}
