using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>How long to train and on how much. Steps are the same on every machine; minutes are not.</summary>
/// <param name="CodecSteps">Training steps of the codec, where none is given.</param>
/// <param name="PriorSteps">Training steps of the prior.</param>
/// <param name="PriorRows">On how many pictures' codes the prior learns.</param>
/// <param name="TestRows">How many held-out pictures are scored.</param>
/// <param name="JudgeRows">On how many real pictures the judge of the samples learns.</param>
/// <param name="PerClass">How many pictures of each class are made.</param>
internal sealed record GeneratePlan(int CodecSteps, int PriorSteps, int PriorRows, int TestRows, int JudgeRows, int PerClass)
{
    public static GeneratePlan For(GenerateSettings settings)
    {
        GeneratePlan plan = settings.Quick
            ? new(CodecSteps: 350, PriorSteps: 200, PriorRows: 10_000, TestRows: 1_000, JudgeRows: 5_000, PerClass: 20)
            : new(CodecSteps: 2500, PriorSteps: 3000, PriorRows: 60_000, TestRows: 5_000, JudgeRows: 20_000, PerClass: 50);
        return plan with { PerClass = settings.PerClass ?? plan.PerClass };
    }

    /// <summary>The images sample's codec, trained for as long as this plan says.</summary>
    public ImageVqVaeOptions CodecOptions(ImageData data, GenerateSettings settings)
    {
        var images = new ImagesSettings { Steps = CodecSteps, Seed = settings.Seed, Quick = settings.Quick };
        return ImagesPlan.For(data, images).CodecOptions(data, images);
    }

    public PriorOptions PriorOptions(GenerateSettings settings)
    {
        PriorOptions options = VqVae.PriorOptions.Fast();
        options.Training.Steps = PriorSteps;
        options.Training.Seed = settings.Seed;
        return options;
    }
}
