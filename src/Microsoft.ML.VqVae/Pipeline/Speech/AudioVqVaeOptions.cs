using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="AudioVqVaeEstimator"/>: the network, its training, and the columns that are read and made besides
/// waveform and codes.</summary>
/// <remarks>The defaults are those of <see cref="MelSpeech"/>, less its training.</remarks>
public sealed partial class AudioVqVaeOptions
{
    /// <summary>The number of utterances that the network is given at once when a data view is read, where nothing else is set.</summary>
    public const int DefaultPredictionBatchSize = 16;

    /// <summary>The length of a training example in seconds, where nothing else is set.</summary>
    public const double DefaultCropSeconds = 2.56;

    /// <summary>Encoder and decoder: <see cref="MelCodecOptions"/>, made for CPUs, or <see cref="WaveformCodecOptions"/>, the
    /// paper's.</summary>
    /// <value>The default is a mel codec of 25 codes a second.</value>
    public AudioCodecOptions Codec { get; set; } = new MelCodecOptions();

    /// <summary>The bottleneck.</summary>
    /// <value>The default is one codebook of 512 codes, learnt by gradient, β = 0.25.</value>
    public VectorQuantizerOptions Quantizer { get; set; } = new();

    /// <summary>How to train. Its seed decides the weights and all that is random; null for the seed of the MLContext or, with a context
    /// that has none, another one each time. With a checkpoint folder and no seed anywhere it is 0.</summary>
    /// <value>The default is Adam at 2e-4, batches of 128, 10 epochs.</value>
    public TrainingOptions Training { get; set; } = new();

    /// <summary>Samples a second of the waveforms, <see cref="AudioCodecOptions.SampleRate"/> of <see cref="Codec"/>. Load audio at this
    /// rate: a waveform does not tell its own.</summary>
    /// <value>The default is 16,000.</value>
    public int SampleRate
    {
        get => Codec.SampleRate;
        set => Codec.SampleRate = value;
    }

    /// <summary>The name of a column with a key for who speaks, as MapValueToKey makes it. The decoder is told the speaker, so that codes
    /// need not be about voices, and can decode with each of them.</summary>
    /// <value>The default is <see langword="null"/>: all that is heard is one voice.</value>
    public string? SpeakerColumnName { get; set; }

    /// <summary>The name of a column for the decoded waveforms, of the length and with the speakers of the input.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionColumnName { get; set; }

    /// <summary>The name of a column for the code vectors that stand for the waveform, D·G numbers for each position, one after the
    /// other.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EmbeddingsColumnName { get; set; }

    /// <summary>The length of a training example in seconds. Longer utterances are cut at random, shorter ones are filled up with what
    /// nothing is learnt of.</summary>
    /// <value>More than 0; at least a code long. The default is 2.56.</value>
    public double CropSeconds { get; set; } = DefaultCropSeconds;

    /// <summary>How many rows a cursor reads ahead and gives to the network at once.</summary>
    /// <value>At least 1. The default is 16.</value>
    public int PredictionBatchSize { get; set; } = DefaultPredictionBatchSize;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentException">Some settings cannot work. The message lists all of them.</exception>
    public void Validate()
    {
        var problems = new OptionProblems("The options of EncodeAudio cannot be used");
        problems.Require(Codec is not null, nameof(Codec), "set", Codec);
        problems.Require(Quantizer is not null, nameof(Quantizer), "set", Quantizer);
        problems.Require(Training is not null, nameof(Training), "set", Training);
        Codec?.Describe(problems);
        Quantizer?.Describe(problems);
        foreach (string problem in Training?.Problems() ?? [])
            problems.Add(nameof(Training), problem.TrimEnd('.'));
        problems.Require(CropSeconds > 0 && double.IsFinite(CropSeconds), nameof(CropSeconds), "a finite number above 0", CropSeconds);
        problems.AtLeast(nameof(PredictionBatchSize), PredictionBatchSize, 1);
        problems.Require(SpeakerColumnName != "", nameof(SpeakerColumnName), "a name or null", "\"\"");
        problems.Require(ReconstructionColumnName != "", nameof(ReconstructionColumnName), "a name or null", "\"\"");
        problems.Require(EmbeddingsColumnName != "", nameof(EmbeddingsColumnName), "a name or null", "\"\"");
        problems.Require(ReconstructionColumnName is null || Codec is not MelCodecOptions { Outputs: SpeechFeatures.Mfcc },
            nameof(ReconstructionColumnName),
            $"null where the codec's outputs are {nameof(SpeechFeatures.Mfcc)}, of which no sound can be made", ReconstructionColumnName);
        problems.ThrowIfAny();
    }

    internal int CropCodes => Math.Max(1, (int)Math.Round(CropSeconds * Codec.SampleRate / Codec.SamplesPerCode));
}
