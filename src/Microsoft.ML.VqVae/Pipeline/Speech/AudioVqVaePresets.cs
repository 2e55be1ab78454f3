using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

public sealed partial class AudioVqVaeOptions
{
    /// <summary>Steps of the paper's models of speech; it names none for section 4.3, these are those of its images.</summary>
    const int PaperSteps = 250_000;

    /// <summary>Speech on a CPU, to be decoded again: 25 codes a second that say what is spoken, a decoder to log-mel frames that is told
    /// who speaks, Griffin-Lim. Trains in minutes on two cores. Set <see cref="SpeakerColumnName"/> to convert voices.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static AudioVqVaeOptions MelSpeech() => new()
    {
        Codec = new MelCodecOptions
        {
            Inputs = SpeechFeatures.Mfcc,
            Outputs = SpeechFeatures.LogMel,
            Normalisation = FeatureNormalisation.Speaker,
            DecoderChannels = 256,
            DecoderBlocks = 2,
            VocalTractWarp = 0.12,
        },
        Quantizer = Restarting(codes: 128, commitmentCost: 0.25),
        Training = new()
        {
            LearningRate = 1e-3,
            BatchSize = 8,
            Steps = 3000,
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 100, holdUntilFraction: 0.5, finalFraction: 0.02),
        },
    };

    /// <summary>Codes that tell phonemes, 25 a second out of 128, on a CPU: cepstral features in and, averaged over time, out. About a
    /// minute of training on two cores. No sound can be made of these codes.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static AudioVqVaeOptions PhonemeFeatures() => new()
    {
        Codec = new MelCodecOptions
        {
            Inputs = SpeechFeatures.Mfcc,
            Outputs = SpeechFeatures.Mfcc,
            Coefficients = 30,
            Normalisation = FeatureNormalisation.Speaker,
            Decorrelation = 0.75,
            DecoderChannels = 192,
            DecoderBlocks = 1,
            SpeakerWithCodes = true,
            TargetFrames = 16,
        },
        Quantizer = Restarting(codes: 128, commitmentCost: 0.25),
        Training = new()
        {
            LearningRate = 1e-3,
            BatchSize = 8,
            Steps = 2200,
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 100, holdUntilFraction: 0.5, finalFraction: 0.02),
        },
    };

    /// <summary>Codes that tell phonemes whoever speaks, also who was not among the speakers of the training, on a CPU: each utterance is
    /// adapted to what the speech of the training data is like. The more speakers that has, the better; it needs to know nothing of
    /// them. No sound can be made of these codes.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static AudioVqVaeOptions PhonemeFeaturesOfNewSpeakers()
    {
        AudioVqVaeOptions options = PhonemeFeatures();
        options.Codec = new MelCodecOptions
        {
            Inputs = SpeechFeatures.Mfcc,
            Outputs = SpeechFeatures.Mfcc,
            Coefficients = 13,
            Normalisation = FeatureNormalisation.Adapted,
            VocalTractWarp = 0.12,
            DecoderChannels = 192,
            DecoderBlocks = 0,
            DecoderNeighbours = 0,
            TargetFrames = 12,
        };
        // The error of 13 coefficients is a smaller sum than that of 30; the commitment must not outweigh it.
        options.Quantizer.CommitmentCost = 0.1;
        options.Training.Steps = 3000;
        return options;
    }

    /// <summary>The paper's model of VCTK: a code for 64 samples out of 512, one voice for each of the speakers. Days on a CPU; take a
    /// GPU. Set <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static AudioVqVaeOptions Vctk64x() => Paper([2, 2, 2, 2, 2, 2], codes: 512);

    /// <summary>The paper's model of LibriSpeech: a code for 128 samples out of 512. Days on a CPU; take a GPU. Set
    /// <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static AudioVqVaeOptions LibriSpeech128x() => Paper([2, 2, 2, 2, 2, 2, 2], codes: 512);

    /// <summary>The paper's model whose codes it compares with phonemes: 25 codes a second at 16,000 samples, out of 128. Days on a CPU;
    /// take a GPU. Set <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, to be changed at will.</returns>
    public static AudioVqVaeOptions Phonemes640x() => Paper([2, 2, 2, 2, 2, 2, 2, 5], codes: 128);

    static VectorQuantizerOptions Restarting(int codes, double commitmentCost) => new()
    {
        Codes = codes,
        Dimensions = 64,
        CommitmentCost = commitmentCost,
        Learning = CodebookLearning.MovingAverage,
        Decay = 0.99,
        InitializeFromData = true,
        UnquantizedSteps = 150,
        RestartEverySteps = 50,
        RestartBelow = 0.1,
        RestartUntilFraction = 0.8,
    };

    static AudioVqVaeOptions Paper(int[] strides, int codes) => new()
    {
        Codec = new WaveformCodecOptions
        {
            Strides = strides,
            Decoder = new() { Blocks = 3, LayersPerBlock = 10, Channels = 128, SkipChannels = 256, ConditioningChannels = 128 },
        },
        Quantizer = new()
        {
            Codes = codes,
            Dimensions = 64,
            CommitmentCost = 0.25,
            Learning = CodebookLearning.MovingAverage,
            InitializeFromData = true,
            UnquantizedSteps = 500,
            RestartEverySteps = 200,
        },
        Training = new() { LearningRate = TrainingOptions.DefaultLearningRate, BatchSize = 32, Steps = PaperSteps },
        CropSeconds = 0.48,
        PredictionBatchSize = 1,
    };
}
