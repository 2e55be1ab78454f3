using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>The options of the features command.</summary>
internal sealed record FeaturesSettings : ImageSampleSettings
{
    /// <summary>The numbers of labelled rows that classifiers are trained on, in ascending order.</summary>
    public IReadOnlyList<int> Labels { get; init; } = [100, 1_000, 10_000];

    /// <summary>Folders of recordings without phones.</summary>
    public IReadOnlyList<string> UnlabelledFolders { get; init; } = [];

    /// <summary>Whether codecs are compared instead of kinds of features.</summary>
    public bool Codecs { get; init; }

    /// <summary>Training steps of the features; null for the default.</summary>
    public int? Steps { get; init; }
}

/// <summary>The training budget.</summary>
/// <param name="CodecSteps">Training steps of the codec of images; half as many for images in color, whose network is larger.</param>
/// <param name="FeatureSteps">Training steps of the features of codes of images.</param>
/// <param name="BatchSize">Rows per training step of the features of codes.</param>
/// <param name="PixelSteps">Training steps of the features of pixels.</param>
/// <param name="PixelBatchSize">Images per training step of the features of pixels.</param>
/// <param name="PoolRows">The number of training rows that labelled rows are drawn from.</param>
/// <param name="TestRows">The number of test rows.</param>
/// <param name="UnlabelledRows">The number of rows that codec and features of images are trained on.</param>
/// <param name="SeriesSteps">Training steps of the codec of series, and of its features.</param>
/// <param name="SupervisedSteps">Training steps of the supervised network.</param>
/// <param name="Machines">The number of machines without labels.</param>
/// <param name="SpeechSteps">Training steps of the codec of speech.</param>
/// <param name="SpeechFeatureSteps">Training steps of its features.</param>
/// <param name="SpeechChannels">Channels of its features.</param>
internal sealed record FeaturesPlan(
    int CodecSteps, int FeatureSteps, int BatchSize, int PixelSteps, int PixelBatchSize, int PoolRows, int TestRows, int UnlabelledRows,
    int SeriesSteps, int SupervisedSteps, int Machines, int SpeechSteps, int SpeechFeatureSteps, int SpeechChannels = 128)
{
    /// <summary>The number of draws of the labelled rows.</summary>
    public const int Draws = 3;

    /// <summary>Crops of speech per training step of its features: a crop has as many positions as five images.</summary>
    const int CropsPerBatch = 16;

    public static FeaturesPlan For(FeaturesSettings settings)
    {
        FeaturesPlan plan = settings.Quick
            ? new(CodecSteps: 150, FeatureSteps: 60, BatchSize: 64, PixelSteps: 20, PixelBatchSize: 64, PoolRows: 1_000, TestRows: 500,
                UnlabelledRows: 4_000, SeriesSteps: 60, SupervisedSteps: 30, Machines: 600, SpeechSteps: 100, SpeechFeatureSteps: 40)
            : new(CodecSteps: 2_500, FeatureSteps: 1_500, BatchSize: 128, PixelSteps: 2_500, PixelBatchSize: 256, PoolRows: 20_000,
                TestRows: 10_000, UnlabelledRows: 60_000, SeriesSteps: 800, SupervisedSteps: 600, Machines: 4_000, SpeechSteps: 2_000,
                SpeechFeatureSteps: 1_000);
        // An hour of speech bears more steps than ten minutes, and a wider network.
        if (settings is { Quick: false, UnlabelledFolders.Count: > 0 })
            plan = plan with { SpeechSteps = 3_000, SpeechChannels = 256 };
        // Short runs show which codec is better, and there are several.
        if (settings is { Quick: false, Codecs: true })
            plan = plan with { CodecSteps = 800, FeatureSteps = 300 };
        return settings.Steps is int steps
            ? plan with { FeatureSteps = steps, PixelSteps = steps, SpeechFeatureSteps = steps } : plan;
    }

    /// <summary>The codec of the images sample, with a column of encoder outputs.</summary>
    public ImageVqVaeOptions ImageCodec(ImageData data, FeaturesSettings settings)
    {
        int steps = data.Shape.Channels == 3 ? CodecSteps / 2 : CodecSteps;
        var images = new ImagesSettings { Steps = steps, Seed = settings.Seed, Quick = settings.Quick };
        ImageVqVaeOptions options = ImagesPlan.For(data, images).CodecOptions(data, images);
        options.ReconstructionColumnName = null;
        options.EmbeddingsColumnName = "Embeddings";
        options.EncoderOutputsColumnName = "Outputs";
        return options;
    }

    /// <summary>Features of the encoder outputs, with the codes as targets.</summary>
    public FeatureOptions FeatureOptions(FeaturesSettings settings, int steps)
    {
        var options = new FeatureOptions { InputColumnName = "Outputs" };
        options.Training.Steps = steps;
        options.Training.BatchSize = BatchSize;
        options.Training.Seed = settings.Seed;
        return options;
    }

    /// <summary>Features of the positions of speech. A phone lasts two positions or so: longer masks hide what no context tells.</summary>
    public FeatureOptions SpeechFeatureOptions(FeaturesSettings settings)
    {
        FeatureOptions options = FeatureOptions(settings, SpeechFeatureSteps);
        options.PositionsColumnName = nameof(Spoken.Positions);
        (options.Network.MinMaskSize, options.Network.MaxMaskSize, options.Network.Dropout) = (2, 4, 0.1);
        (options.Network.Channels, options.Network.FeedForwardChannels) = (SpeechChannels, 2 * SpeechChannels);
        options.Network.Layers = options.Network.FeatureLayer = 3;
        options.Training.BatchSize = CropsPerBatch;
        options.Training.Precision = TrainingPrecision.Auto;
        return options;
    }

    /// <summary>Features of pixels, from their views alone.</summary>
    public ImageFeatureOptions PixelFeatureOptions(FeaturesSettings settings)
    {
        var options = new ImageFeatureOptions();
        options.Training.Precision = TrainingPrecision.Auto;
        options.Training.Steps = PixelSteps;
        options.Training.BatchSize = PixelBatchSize;
        options.Training.Seed = settings.Seed;
        return options;
    }
}
