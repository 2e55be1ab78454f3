using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="CodesVqVaeEstimator"/>: the network, its training, and the output columns besides the
/// latents.</summary>
/// <remarks>The defaults are for a CPU: a narrow network, and 1,500 steps with warmup and linear decay of the learning rate.</remarks>
public sealed class CodesVqVaeOptions : NetworkOptions
{
    /// <summary>Creates options with the default settings.</summary>
    public CodesVqVaeOptions() => Training = new()
    {
        LearningRate = 2e-3,
        BatchSize = 64,
        Steps = 1500,
        Schedule = LearningRateSchedule.WarmupHoldLinear(holdUntilFraction: 0.5, finalFraction: 0.02),
    };

    /// <summary>The encoder and the PixelCNN decoder. Grid and number of codes are taken from the column.</summary>
    /// <value>The default is <see cref="CodesCodecOptions"/> with its defaults.</value>
    public CodesCodecOptions Codec { get; set; } = new();

    /// <summary>The quantizer of the latents; <see cref="VectorQuantizerOptions.CodesPerPosition"/> is the number of latents, L.</summary>
    /// <value>The default is that of the paper: 3 latents of 512 codes, each with its own codebook. The codebooks are learned by moving
    /// averages, initialized from the data, with restarts of dead codes. Each row contributes one vector per codebook, so that a batch has
    /// fewer vectors than a codebook has codes: the decay is faster than elsewhere, and restarts are more frequent. Latents are quantized
    /// from the first step, since the decoder would not retain what it learns of unquantized latents.</value>
    public QuantizerOptions Quantizer { get; set; } = new VectorQuantizerOptions
    {
        CodesPerPosition = 3,
        SeparateCodebooks = true,
        Decay = 0.97,
        RestartEverySteps = 10,
        RestartBelow = 0.5,
    }.AsPreset();

    /// <summary>The name of a column for −log2 p(codes | latents) of a row, in bits: a Single.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? BitsColumnName { get; set; }

    /// <summary>The default settings.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static CodesVqVaeOptions Fast() => new();

    /// <summary>The settings for a GPU: an encoder of 128 channels, a decoder of 8 layers of 64 channels, and 10 epochs.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static CodesVqVaeOptions Large() => new()
    {
        Codec = new() { HiddenChannels = 128, Decoder = new() { Layers = 8, Channels = 64, MapChannels = 32, Dropout = 0.1 } },
        Training = new() { Epochs = TrainingOptions.DefaultEpochs },
    };

    /// <summary>The settings of <see cref="Quantizer"/>, which must be a vector quantizer.</summary>
    /// <exception cref="InvalidOperationException">The quantizer is not a vector quantizer.</exception>
    public VectorQuantizerOptions VectorQuantizer => Quantizer.AsVectorQuantizer();

    private protected override string Method => "EncodeCodes";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Codec?.Decoder is not null, nameof(Codec), "set, with a decoder", Codec);
        if (Codec?.Decoder is not null)
            CodecWithSizes(Codec).Describe(problems);
        QuantizerOptions.Describe(Quantizer, Training?.Steps, problems);
        RequireName(problems, nameof(BitsColumnName), BitsColumnName);
    }

    // Sizes that are taken from the column are not checked.
    static CodesCodecOptions CodecWithSizes(CodesCodecOptions codec)
    {
        codec = codec.Copy();
        codec.Decoder = codec.Decoder.WithOpenSizes();
        return codec;
    }
}
