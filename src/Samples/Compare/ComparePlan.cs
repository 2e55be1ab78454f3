using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Compare;

/// <summary>The options of the compare command.</summary>
internal sealed record CompareSettings : ImageSampleSettings
{
    public int? Steps { get; init; }

    public int? Samples { get; init; }

    public int CodesPerPosition { get; init; } = 1;
}

/// <summary>The training budget that the three models share, for each kind of data.</summary>
/// <param name="Steps">Training steps of each model.</param>
/// <param name="BatchSize">The batch size.</param>
/// <param name="LearningRate">The peak learning rate.</param>
/// <param name="Samples">Samples of VIMCO's bound in training.</param>
/// <param name="TestRows">The number of test images.</param>
/// <param name="PriorSteps">Training steps of the prior over the codes of the VQ-VAE.</param>
internal sealed record ComparePlan(int Steps, int BatchSize, double LearningRate, int Samples, int TestRows, int PriorSteps)
{
    /// <summary>The commitment cost. With a learned scale of the likelihood, the reconstruction term grows as the error falls, so the
    /// paper's 0.25 is too low.</summary>
    const double CommitmentCost = 1;

    public static ComparePlan For(ImageData data, CompareSettings settings)
    {
        ComparePlan plan = (data.Shape.Channels, settings.Quick) switch
        {
            (1, false) => new(Steps: 1000, BatchSize: 32, LearningRate: 2e-3, Samples: 10, TestRows: 2_000, PriorSteps: 1_000),
            (1, true) => new(Steps: 120, BatchSize: 16, LearningRate: 2e-3, Samples: 5, TestRows: 100, PriorSteps: 30),
            (_, false) => new(Steps: 900, BatchSize: 32, LearningRate: 2e-3, Samples: 10, TestRows: 10_000, PriorSteps: 500),
            (_, true) => new(Steps: 100, BatchSize: 16, LearningRate: 2e-3, Samples: 5, TestRows: 50, PriorSteps: 20),
        };
        return plan with { Steps = settings.Steps ?? plan.Steps, Samples = settings.Samples ?? plan.Samples };
    }

    public ImageVqVaeOptions VqVae(ImageData data, CompareSettings settings)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
        Share(options, data, settings);
        options.VectorQuantizer.CommitmentCost = CommitmentCost;
        options.VectorQuantizer.CodesPerPosition = settings.CodesPerPosition;
        options.VectorQuantizer.Dimensions = DimensionsPerCode(settings);
        return options;
    }

    public ImageGaussianVaeOptions GaussianVae(ImageData data, CompareSettings settings)
    {
        ImageGaussianVaeOptions options = ImageGaussianVaeOptions.Fast();
        Share(options, data, settings);
        options.BoundBitsColumnName = nameof(ComparedImage.BoundBits);
        options.LatentChannels = settings.CodesPerPosition * DimensionsPerCode(settings);
        return options;
    }

    public ImageVimcoOptions Vimco(ImageData data, CompareSettings settings)
    {
        ImageVimcoOptions options = ImageVimcoOptions.Fast();
        Share(options, data, settings);
        options.BoundBitsColumnName = nameof(ComparedImage.BoundBits);
        options.Latents.LatentsPerPosition = settings.CodesPerPosition;
        options.Latents.Dimensions = DimensionsPerCode(settings);
        options.Latents.Samples = Samples;
        return options;
    }

    /// <summary>The prior over the codes of the VQ-VAE, which knows no classes: neither do the other models.</summary>
    public PriorOptions Prior(CompareSettings settings)
    {
        var options = new PriorOptions();
        (options.Training.Steps, options.Training.BatchSize, options.Training.Seed) = (PriorSteps, BatchSize, settings.Seed);
        return options;
    }

    // A single code per position carries all information; each of several carries less and needs fewer dimensions.
    static int DimensionsPerCode(CompareSettings settings) => settings.CodesPerPosition == 1 ? 64 : 16;

    void Share(ImageModelOptions options, ImageData data, CompareSettings settings)
    {
        options.ReconstructionColumnName = nameof(ComparedImage.Reconstruction);
        options.Codec.PixelLikelihood = PixelLikelihood.DiscretizedLogistic;
        // Photographs may be mirrored; letters and shoes have a direction.
        options.Codec.FlipHorizontally = data.Shape.Channels == 3;
        (options.Training.Steps, options.Training.BatchSize, options.Training.LearningRate) = (Steps, BatchSize, LearningRate);
        options.Training.Seed = settings.Seed;
    }
}
