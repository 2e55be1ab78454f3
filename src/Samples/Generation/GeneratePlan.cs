using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The options of the generate command.</summary>
internal sealed record GenerateSettings : ImageSampleSettings
{
    public string? ModelFile { get; init; }

    /// <summary>Whether the prior is a causal transformer instead of a PixelCNN.</summary>
    public bool UsesTransformer { get; init; }

    /// <summary>Training steps of the prior; null for the default.</summary>
    public int? PriorSteps { get; init; }

    /// <summary>The temperature of all sampling.</summary>
    public double Temperature { get; init; } = 1;

    public int? PerClass { get; init; }
}

/// <summary>The training budget.</summary>
/// <param name="CodecSteps">Training steps of the codec, if it is not loaded.</param>
/// <param name="PriorSteps">Training steps of the prior.</param>
/// <param name="PriorRows">The number of images that the prior is trained on.</param>
/// <param name="TestRows">The number of held-out images to score.</param>
/// <param name="ClassifierRows">The number of real images that the classifier of the samples is trained on.</param>
/// <param name="PerClass">The number of samples per class.</param>
/// <param name="ClassifierSteps">Training steps of the classifier of photographs.</param>
internal sealed record GeneratePlan(
    int CodecSteps, int PriorSteps, int PriorRows, int TestRows, int ClassifierRows, int PerClass, int ClassifierSteps)
{
    const int FewSteps = 200, MaxEpochs = 8;

    public static GeneratePlan For(GenerateSettings settings)
    {
        GeneratePlan plan = settings.Quick
            ? new(CodecSteps: 350, PriorSteps: 100, PriorRows: 10_000, TestRows: 500, ClassifierRows: 5_000, PerClass: 20, ClassifierSteps: 100)
            : new(CodecSteps: 2500, PriorSteps: 3000, PriorRows: 60_000, TestRows: 5_000, ClassifierRows: 20_000, PerClass: 50,
                ClassifierSteps: 3_000);
        return plan with { PerClass = settings.PerClass ?? plan.PerClass };
    }

    /// <summary>The options of the images sample's codec, with the steps of this plan.</summary>
    public ImageVqVaeOptions CodecOptions(ImageData data, GenerateSettings settings)
    {
        var images = new ImagesSettings { Steps = CodecSteps, Seed = settings.Seed, Quick = settings.Quick };
        return ImagesPlan.For(data, images).CodecOptions(data, images);
    }

    public IImageJudge Judge(MLContext ml, ImageData data, GenerateSettings settings) => data.Shape.Channels == 3
        ? new ConvolutionalJudge(data.Shape, ClassifierSteps, settings.Seed)
        : new LinearJudge(ml, data.Shape);

    /// <param name="rows">The number of images that the prior is trained on; few ones are not shown so often that it learns them by
    /// heart.</param>
    /// <param name="settings">The options of the command.</param>
    public PriorOptions PriorOptions(int rows, GenerateSettings settings)
    {
        PriorOptions options = VqVae.PriorOptions.Fast();
        options.Training.Steps = settings.PriorSteps
            ?? Math.Min(PriorSteps, Math.Max(FewSteps, MaxEpochs * rows / options.Training.BatchSize));
        if (settings.UsesTransformer)
        {
            options.CustomNetwork = new TransformerPriorOptions { Layers = 4, Channels = 192, Heads = 6, Dropout = 0.1 };
            // Transformers take smaller steps than convolutions.
            options.Training.LearningRate = 1e-3;
        }
        options.Training.Seed = settings.Seed;
        return options;
    }
}
