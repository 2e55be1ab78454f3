using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="SeriesVqVaeEstimator"/>: the network, its training, and the columns besides series and
/// codes.</summary>
/// <remarks>The defaults are made for a CPU: 64 codes, one for 8 time steps, and 1,500 steps of 32 windows.</remarks>
public sealed class SeriesVqVaeOptions : NetworkOptions
{
    /// <summary>The length of a training example in time steps, unless set otherwise.</summary>
    public const int DefaultCropLength = 256;

    /// <summary>Creates options with the default settings.</summary>
    public SeriesVqVaeOptions() => Training = new()
    {
        LearningRate = 2e-3,
        BatchSize = 32,
        Steps = 1500,
        Schedule = LearningRateSchedule.WarmupHoldLinear(holdUntilFraction: 0.5, finalFraction: 0.02),
    };

    /// <summary>Encoder and decoder.</summary>
    /// <value>The default has one channel, 64 hidden channels and a code for 8 time steps.</value>
    public SeriesCodecOptions Codec { get; set; } = new();

    /// <summary>The bottleneck: <see cref="VectorQuantizerOptions"/>, or those of another quantizer.</summary>
    /// <value>The default is a vector quantizer with one codebook of 64 codes of 32 dimensions, learned by moving average from the data;
    /// dead codes are restarted.</value>
    public QuantizerOptions Quantizer { get; set; } = new VectorQuantizerOptions
    {
        Codes = 64, Dimensions = 32, UnquantizedSteps = 150,
    }.AsPreset();

    /// <summary>The settings of <see cref="Quantizer"/>, which must be a vector quantizer.</summary>
    /// <exception cref="InvalidOperationException">The quantizer is another one.</exception>
    public VectorQuantizerOptions VectorQuantizer => Quantizer.AsVectorQuantizer();

    /// <summary>The length of a training example in time steps, or the time steps of four codes if those are more. Longer rows are cut at
    /// random, shorter ones are padded with values that are left out of training.</summary>
    /// <value>At least 1. The default is 256, which is less than four codes from 7 <see cref="SeriesCodecOptions.Downsamplings"/> on.</value>
    public int CropLength { get; set; } = DefaultCropLength;

    /// <summary>The name of a column for the decoded series, of the length of the input and in its units.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionColumnName { get; set; }

    /// <summary>The name of a column for the mean squared difference between series and reconstruction, a Single in units of the variance
    /// of each channel in the training data: 0 is perfect, and 1 what the mean of each channel would give. NaN for an empty row.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionErrorColumnName { get; set; }

    /// <summary>The name of a column for the code vectors of the series, D·G numbers per position, position by position.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EmbeddingsColumnName { get; set; }

    /// <summary>The name of a column for the encoder outputs before quantization, D·G numbers per position: what <see cref="FeatureEstimator"/>
    /// may read instead of the codes.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EncoderOutputsColumnName { get; set; }

    private protected override string Method => "EncodeSeries";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Codec is not null, nameof(Codec), "set", Codec);
        Codec?.Describe(problems);
        QuantizerOptions.Describe(Quantizer, Training?.Steps, problems);
        problems.AtLeast(nameof(CropLength), CropLength, 1);
        RequireName(problems, nameof(ReconstructionColumnName), ReconstructionColumnName);
        RequireName(problems, nameof(ReconstructionErrorColumnName), ReconstructionErrorColumnName);
        RequireName(problems, nameof(EmbeddingsColumnName), EmbeddingsColumnName);
        RequireName(problems, nameof(EncoderOutputsColumnName), EncoderOutputsColumnName);
    }
}
