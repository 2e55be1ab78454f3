using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>The options of the two-level command.</summary>
internal sealed record TwoLevelSettings : ImageSampleSettings
{
    public string? ModelFile { get; init; }

    public int Latents { get; init; } = 3;

    public int? Steps { get; init; }
}

/// <summary>The training budget.</summary>
/// <param name="CodecSteps">Training steps of the first level, if it is not loaded.</param>
/// <param name="Steps">Training steps of the second level, and of the prior that it is compared with.</param>
/// <param name="TrainRows">The number of images that both are trained on.</param>
/// <param name="TestRows">The number of held-out images to evaluate.</param>
internal sealed record TwoLevelPlan(int CodecSteps, int Steps, int TrainRows, int TestRows)
{
    public static TwoLevelPlan For(TwoLevelSettings settings)
    {
        TwoLevelPlan plan = settings.Quick
            ? new(CodecSteps: 350, Steps: 160, TrainRows: 6_000, TestRows: 500)
            : new(CodecSteps: 2000, Steps: 1500, TrainRows: 60_000, TestRows: 5_000);
        return plan with { Steps = settings.Steps ?? plan.Steps };
    }

    public CodesVqVaeOptions SecondLevel(TwoLevelSettings settings)
    {
        CodesVqVaeOptions options = CodesVqVaeOptions.Fast();
        options.VectorQuantizer.CodesPerPosition = settings.Latents;
        options.Training.Steps = Steps;
        options.Training.Seed = settings.Seed;
        options.BitsColumnName = "Conditional";
        return options;
    }

    /// <summary>The same PixelCNN with the same training, but without latents.</summary>
    public PriorOptions Prior(TwoLevelSettings settings)
    {
        CodesVqVaeOptions same = SecondLevel(settings);
        same.Codec.Decoder.MapChannels = 0;
        return new PriorOptions { PixelCnn = same.Codec.Decoder, Training = same.Training };
    }

    public ImageVqVaeOptions FirstLevel(ImageData data, TwoLevelSettings settings)
    {
        var images = new ImagesSettings { Steps = CodecSteps, Seed = settings.Seed, Quick = settings.Quick };
        return ImagesPlan.For(data, images).CodecOptions(data, images);
    }
}
