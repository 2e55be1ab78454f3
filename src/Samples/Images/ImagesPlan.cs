using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>How long to train and on how much, for each kind of data. Steps are the same on every machine; minutes are not.</summary>
/// <param name="Steps">Training steps of the codec.</param>
/// <param name="BatchSize">Images in a step.</param>
/// <param name="LearningRate">The learning rate at its height.</param>
/// <param name="Channels">Channels of the network's inner layers.</param>
/// <param name="ClassifierRows">On how many images' codes the classifier learns.</param>
/// <param name="TestRows">How many test images are measured, and predicted again by the second process.</param>
/// <param name="Regularization">The strength of the classifier's L2 penalty, for each row.</param>
internal sealed record ImagesPlan(
    int Steps, int BatchSize, double LearningRate, int Channels, int ClassifierRows, int TestRows, double Regularization)
{
    public static ImagesPlan For(ImageData data, ImagesSettings settings)
    {
        ImagesPlan plan = (data.Shape.Channels, settings.Quick) switch
        {
            (1, false) => new(
                Steps: 2500, BatchSize: 64, LearningRate: 4e-3, Channels: 64,
                ClassifierRows: 60_000, TestRows: 10_000, Regularization: 2e-4),
            (1, true) => new(
                Steps: 450, BatchSize: 32, LearningRate: 4e-3, Channels: 64,
                ClassifierRows: 10_000, TestRows: 2_000, Regularization: 1e-3),
            (_, false) => new(
                Steps: 4000, BatchSize: 32, LearningRate: 3e-3, Channels: 96,
                ClassifierRows: 10_000, TestRows: 10_000, Regularization: 3e-3),
            (_, true) => new(
                Steps: 350, BatchSize: 16, LearningRate: 3e-3, Channels: 64,
                ClassifierRows: 4_000, TestRows: 1_000, Regularization: 3e-3),
        };
        return plan with { Steps = settings.Steps ?? plan.Steps };
    }

    /// <summary>The library's settings for CPUs, with what belongs to this data.</summary>
    public ImageVqVaeOptions CodecOptions(ImageData data, ImagesSettings settings)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
        options.ReconstructionColumnName = nameof(EncodedImage.Reconstruction);
        options.Codec.HiddenChannels = Channels;
        options.Codec.ResidualChannels = Channels;
        options.Codec.OuterChannels = Channels / 2;
        // Photographs may be mirrored; letters and shoes point one way.
        options.Codec.FlipHorizontally = data.Shape.Channels == 3;
        // One code a position has to say everything about it; of several, each says less and needs fewer dimensions.
        options.VectorQuantizer.CodesPerPosition = settings.CodesPerPosition;
        if (settings.CodesPerPosition > 1)
            options.VectorQuantizer.Dimensions = 16;
        // The first steps go unquantised, so that the codebook can start from an encoder that has learnt something.
        options.VectorQuantizer.UnquantizedSteps = Math.Min(options.VectorQuantizer.UnquantizedSteps, Steps / 5);
        options.Training.Steps = Steps;
        options.Training.BatchSize = BatchSize;
        options.Training.LearningRate = LearningRate;
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = settings.CheckpointFolder;
        return options;
    }
}
