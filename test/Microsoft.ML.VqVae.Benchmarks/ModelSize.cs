namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The sizes of the image codec that are measured.</summary>
/// <param name="Side">Height and width of the images in pixels.</param>
public sealed record ModelSize(int Side, int Channels, int Hidden, int Outer, int Residual, int Batch)
{
    /// <summary>Codes of the codebook and their length, in all sizes.</summary>
    public const int Codes = 512, Dimensions = 64;

    public const double CommitmentCost = 0.25;

    /// <summary>The Fast preset on Fashion-MNIST.</summary>
    public static readonly ModelSize Fast = new(28, 1, 64, 32, 64, 64);

    /// <summary>A CIFAR-10 model of 128 channels throughout.</summary>
    public static readonly ModelSize Wide = new(32, 3, 128, 128, 128, 32);

    /// <summary>Values of an image.</summary>
    public int Values => Side * Side * Channels;

    public static ModelSize Named(string name) => name switch
    {
        "fast" => Fast,
        "wide" => Wide,
        _ => throw new ArgumentException($"There is no model '{name}'; expected 'fast' or 'wide'.", nameof(name)),
    };

    public ImageVqVaeOptions Options(int steps)
    {
        var options = ImageVqVaeOptions.Fast();
        options.Codec = new() { HiddenChannels = Hidden, OuterChannels = Outer, ResidualChannels = Residual };
        options.VectorQuantizer.Codes = Codes;
        options.VectorQuantizer.Dimensions = Dimensions;
        options.VectorQuantizer.CommitmentCost = CommitmentCost;
        options.VectorQuantizer.UnquantizedSteps = 0;
        options.VectorQuantizer.InitializeFromData = false;
        // The plain codebook has no restarts.
        options.VectorQuantizer.RestartEverySteps = 0;
        options.PredictionBatchSize = Batch;
        options.Training = new() { Steps = steps, BatchSize = Batch, Seed = 1, ProgressEverySteps = int.MaxValue };
        return options;
    }
}
