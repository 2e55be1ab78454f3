using Microsoft.ML.VqVae.Tests.Pipeline;

namespace Microsoft.ML.VqVae.Tests.Features;

/// <summary>Features that are small enough for a test of milliseconds.</summary>
internal static class TinyFeatures
{
    public const int Channels = 16;

    /// <summary>Options for a few steps of real training.</summary>
    public static FeatureOptions Options(int steps = 4) => new()
    {
        Network = new() { Layers = 2, Channels = Channels, Heads = 2, FeedForwardChannels = 24, FeatureLayer = 1 },
        PositionsColumnName = "Positions",
        PoolingSize = 2,
        IncludeMaximum = true,
        CropLength = 8,
        Training = new() { Steps = steps, BatchSize = 8, LearningRate = 1e-2, Seed = 3 },
        PredictionBatchSize = 7,
    };

    public static IDataView Data(MLContext ml, bool grid, int count = 20) =>
        grid ? TinyCodes.Grids(ml, count) : TinyCodes.Lines(ml, count);
}
