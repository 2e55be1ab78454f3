using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>The settings of the small codecs of <see cref="OlderModelFilesWriter"/>.</summary>
static class OlderModelFilesOptions
{
    public static TrainingOptions TrainingOf(int steps) => new() { Steps = steps, BatchSize = 8, LearningRate = 1e-2, Seed = 3 };

    public static ImageCodecOptions Codec() =>
        new() { HiddenChannels = 8, OuterChannels = 0, ResidualChannels = 4, ResidualBlocks = 1, Downsamplings = 1 };

    public static VectorQuantizerOptions Quantizer(CodebookLearning learning, int codesPerPosition) => new()
    {
        Codes = 6, Dimensions = 4, CodesPerPosition = codesPerPosition, Learning = learning, InitializeFromData = true,
        UnquantizedSteps = 10, RestartEverySteps = 0,
    };

    public static ImageVqVaeOptions ImageOptions(CodebookLearning learning, int codesPerPosition) => new()
    {
        Codec = Codec(),
        Quantizer = Quantizer(learning, codesPerPosition),
        Training = TrainingOf(40),
        ReconstructionColumnName = "Decoded",
        EmbeddingsColumnName = "Embeddings",
        ReconstructionErrorColumnName = "Error",
        ReconstructionBitsColumnName = "Bits",
        PredictionBatchSize = 3,
    };
}
