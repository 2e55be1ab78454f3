using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>The options of the images command.</summary>
internal sealed record ImagesSettings : ImageSampleSettings
{
    public int? Steps { get; init; }

    /// <summary>Channels of the codec's inner layers; null for the default.</summary>
    public int? Channels { get; init; }

    public int CodesPerPosition { get; init; } = 1;

    public string? CheckpointFolder { get; init; }
}

/// <summary>The training budget for each kind of data.</summary>
/// <param name="Steps">Training steps of the codec.</param>
/// <param name="BatchSize">The batch size.</param>
/// <param name="LearningRate">The peak learning rate.</param>
/// <param name="Channels">Channels of the network's inner layers.</param>
/// <param name="ClassifierRows">The number of images that the classifier is trained on.</param>
/// <param name="TestRows">The number of test images, for the evaluation and for the second process.</param>
/// <param name="Regularization">The L2 penalty of the classifier per row.</param>
/// <param name="CommitmentCost">The weight of the commitment.</param>
internal sealed record ImagesPlan(
    int Steps, int BatchSize, double LearningRate, int Channels, int ClassifierRows, int TestRows, double Regularization,
    double CommitmentCost = 0.25)
{
    public static ImagesPlan For(ImageData data, ImagesSettings settings)
    {
        // A wide network learns a few thousand photographs by heart.
        bool wide = data.TrainRows >= 20_000;
        ImagesPlan plan = (data.Shape.Channels, settings.Quick) switch
        {
            (1, false) => new(
                Steps: 2500, BatchSize: 64, LearningRate: 4e-3, Channels: 64,
                ClassifierRows: 60_000, TestRows: 10_000, Regularization: 2e-4),
            (1, true) => new(
                Steps: 450, BatchSize: 32, LearningRate: 4e-3, Channels: 64,
                ClassifierRows: 10_000, TestRows: 2_000, Regularization: 1e-3),
            (_, false) => new(
                Steps: wide ? 16_000 : 4000, BatchSize: 32, LearningRate: 3e-3, Channels: wide ? 128 : 96,
                ClassifierRows: 10_000, TestRows: 10_000, Regularization: 3e-3, CommitmentCost: wide ? 0.6 : 0.25),
            (_, true) => new(
                Steps: 350, BatchSize: 16, LearningRate: 3e-3, Channels: 64,
                ClassifierRows: 4_000, TestRows: 1_000, Regularization: 3e-3),
        };
        return plan with { Steps = settings.Steps ?? plan.Steps, Channels = settings.Channels ?? plan.Channels };
    }

    /// <summary>The Fast preset, adapted to the data.</summary>
    public ImageVqVaeOptions CodecOptions(ImageData data, ImagesSettings settings)
    {
        ImageVqVaeOptions options = ImageVqVaeOptions.Fast();
        options.ReconstructionColumnName = nameof(EncodedImage.Reconstruction);
        options.Codec.HiddenChannels = Channels;
        options.Codec.ResidualChannels = Channels;
        options.Codec.OuterChannels = Channels / 2;
        // Photographs may be mirrored; letters and shoes have a direction.
        options.Codec.FlipHorizontally = data.Shape.Channels == 3;
        // A single code per position carries all information; each of several carries less and needs fewer dimensions.
        options.VectorQuantizer.CodesPerPosition = settings.CodesPerPosition;
        if (settings.CodesPerPosition > 1)
            options.VectorQuantizer.Dimensions = 16;
        options.VectorQuantizer.CommitmentCost = CommitmentCost;
        options.Training.Steps = Steps;
        options.Training.BatchSize = BatchSize;
        options.Training.LearningRate = LearningRate;
        options.Training.Seed = settings.Seed;
        // A wide network is faster in BFloat16 where the processor has it.
        options.Training.Precision = Channels >= 128 ? TrainingPrecision.Auto : TrainingPrecision.Single;
        options.Training.CheckpointFolder = settings.CheckpointFolder;
        return options;
    }
}
