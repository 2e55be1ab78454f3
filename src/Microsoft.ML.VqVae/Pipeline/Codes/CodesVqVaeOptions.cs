using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="CodesVqVaeEstimator"/>: the network, its training, and the columns that are made besides the
/// latents.</summary>
public sealed class CodesVqVaeOptions : NetworkOptions
{
    /// <summary>The encoder and the PixelCNN that decodes. Grid and number of codes are taken from the column.</summary>
    public CodesCodecOptions Codec { get; set; } = new();

    /// <summary>The latents: <see cref="VectorQuantizerOptions.CodesPerPosition"/> is how many there are.</summary>
    /// <value>The default is the paper's: 3 latents of 512 codes, each with a codebook of its own. The codebooks learn by moving average,
    /// start from data and have dead codes restarted. A row gives each book one vector only, fewer in a batch than a book has codes: so
    /// averages forget sooner than elsewhere, and a code is dead soon. Quantization begins with the first step: what a decoder learns
    /// of latents that may be anything is lost when they become codes.</value>
    public QuantizerOptions Quantizer { get; set; } = new VectorQuantizerOptions
    {
        CodesPerPosition = 3,
        SeparateCodebooks = true,
        Learning = CodebookLearning.MovingAverage,
        InitializeFromData = true,
        Decay = 0.97,
        RestartEverySteps = 10,
        RestartBelow = 0.5,
    };

    /// <summary>The name of a column for −log2 p(codes | latents), the bits that the codes of a row cost once its latents are known: a
    /// Single.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? BitsColumnName { get; set; }

    /// <summary>A smaller network and a faster schedule, for a CPU.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static CodesVqVaeOptions Fast() => new()
    {
        Codec = new CodesCodecOptions
        {
            HiddenChannels = 64,
            Decoder = new PixelCnnOptions { Layers = 5, Channels = 48, MapChannels = 32, Dropout = 0.1 },
        },
        Training = new TrainingOptions
        {
            LearningRate = 2e-3,
            BatchSize = 64,
            Steps = 1500,
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 100, holdUntilFraction: 0.5, finalFraction: 0.02),
        },
    };

    /// <summary>The settings of <see cref="Quantizer"/>, which must be a vector quantizer.</summary>
    /// <exception cref="InvalidOperationException">The quantizer is another one.</exception>
    public VectorQuantizerOptions VectorQuantizer => Quantizer.AsVectorQuantizer();

    private protected override string Method => "EncodeCodes";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Codec?.Decoder is not null, nameof(Codec), "set, with a decoder", Codec);
        problems.Require(Quantizer is not null, nameof(Quantizer), "set", Quantizer);
        if (Codec?.Decoder is not null)
            CodecWithSizes(Codec).Describe(problems);
        Quantizer?.Describe(problems);
        RequireName(problems, nameof(BitsColumnName), BitsColumnName);
    }

    // Sizes that are not known yet are no problem yet.
    static CodesCodecOptions CodecWithSizes(CodesCodecOptions codec)
    {
        codec = codec.Copy();
        PixelCnnOptions grid = codec.Decoder;
        grid.Height = grid.Height == 0 ? 1 : grid.Height;
        grid.Width = grid.Width == 0 ? 1 : grid.Width;
        grid.Codes = grid.Codes == 0 ? 2 : grid.Codes;
        return codec;
    }
}
