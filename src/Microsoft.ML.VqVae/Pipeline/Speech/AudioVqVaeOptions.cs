using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="AudioVqVaeEstimator"/>: the network, its training, and the columns besides waveform and
/// codes.</summary>
/// <remarks>The static methods return complete settings for a purpose, <see cref="MelSpeech"/> for example. The default of
/// <see cref="NetworkOptions.PredictionBatchSize"/> is 16.</remarks>
public sealed class AudioVqVaeOptions : NetworkOptions
{
    /// <summary>Number of utterances that the network is given at once when a data view is read, unless set otherwise.</summary>
    public new const int DefaultPredictionBatchSize = 16;

    /// <summary>The length of a training example in seconds, unless set otherwise.</summary>
    public const double DefaultCropSeconds = 2.56;

    // The paper names no number of steps for section 4.3; this is that of its images.
    const int PaperSteps = 250_000;

    /// <summary>Creates options with the default settings.</summary>
    public AudioVqVaeOptions() => PredictionBatchSize = DefaultPredictionBatchSize;

    /// <summary>Encoder and decoder: <see cref="MelCodecOptions"/>, made for CPUs, or <see cref="WaveformCodecOptions"/>, the
    /// paper's.</summary>
    /// <value>The default is a mel codec of 25 codes per second.</value>
    public AudioCodecOptions Codec { get; set; } = new MelCodecOptions();

    /// <summary>The bottleneck: <see cref="VectorQuantizerOptions"/>, or those of another quantizer.</summary>
    /// <value>The default is a vector quantizer with one codebook of 512 codes, learned by gradient, β = 0.25.</value>
    public QuantizerOptions Quantizer { get; set; } = new VectorQuantizerOptions();

    /// <summary>The settings of <see cref="Quantizer"/>, which must be a vector quantizer.</summary>
    /// <exception cref="InvalidOperationException">The quantizer is another one.</exception>
    public VectorQuantizerOptions VectorQuantizer => Quantizer.AsVectorQuantizer();

    /// <summary>Sample rate of the waveforms in hertz, <see cref="AudioCodecOptions.SampleRate"/> of <see cref="Codec"/>. Load audio at
    /// this rate: a waveform does not carry its own.</summary>
    /// <value>The default is 16,000.</value>
    /// <exception cref="InvalidOperationException"><see cref="Codec"/> is null.</exception>
    public int SampleRate
    {
        get => KnownCodec.SampleRate;
        set => KnownCodec.SampleRate = value;
    }

    /// <summary>The name of a key column that identifies the speaker, as MapValueToKey makes it. The decoder is conditioned on the speaker,
    /// so that codes need not describe voices, and can decode with each of them.</summary>
    /// <value>The default is <see langword="null"/>: a single voice.</value>
    public string? SpeakerColumnName { get; set; }

    /// <summary>The name of a column for the decoded waveforms, of the length and with the speakers of the input.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionColumnName { get; set; }

    /// <summary>The name of a column for the code vectors of the waveform, D·G numbers per position, position by position.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EmbeddingsColumnName { get; set; }

    /// <summary>The length of a training example in seconds. Longer utterances are cut at random, shorter ones are padded with values that
    /// are left out of training.</summary>
    /// <value>More than 0; at least the length of a code. The default is 2.56.</value>
    public double CropSeconds { get; set; } = DefaultCropSeconds;

    internal int CropCodes => Math.Max(1, (int)Math.Round(CropSeconds * Codec.SampleRate / Codec.SamplesPerCode));

    AudioCodecOptions KnownCodec => Codec ?? throw new InvalidOperationException(
        $"{nameof(SampleRate)} is a setting of {nameof(Codec)}, which must be set, but is null: set {nameof(Codec)} first, to a new "
        + $"{nameof(MelCodecOptions)} for example.");

    private protected override string Method => "EncodeAudio";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Codec is not null, nameof(Codec), "set", Codec);
        problems.Require(Quantizer is not null, nameof(Quantizer), "set", Quantizer);
        Codec?.Describe(problems);
        Quantizer?.Describe(problems);
        problems.Require(CropSeconds > 0 && double.IsFinite(CropSeconds), nameof(CropSeconds), "a finite number above 0", CropSeconds);
        RequireName(problems, nameof(SpeakerColumnName), SpeakerColumnName);
        RequireName(problems, nameof(ReconstructionColumnName), ReconstructionColumnName);
        RequireName(problems, nameof(EmbeddingsColumnName), EmbeddingsColumnName);
        problems.Require(ReconstructionColumnName is null || Codec is not MelCodecOptions { Outputs: SpeechFeatures.Mfcc },
            nameof(ReconstructionColumnName),
            $"null where the codec's outputs are {nameof(SpeechFeatures.Mfcc)}, of which no sound can be made", ReconstructionColumnName);
    }

    /// <summary>Settings for speech that can be decoded again, on a CPU: 25 codes per second that carry the spoken words, a decoder to
    /// log-mel frames that is conditioned on the speaker, and Griffin-Lim. Trains in minutes on two cores. Set
    /// <see cref="SpeakerColumnName"/> to convert voices.</summary>
    /// <returns>New options, which may be changed freely.</returns>
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

    /// <summary>Settings for codes that tell phonemes apart, 25 per second out of 128, on a CPU: the input is cepstral features, and the
    /// target their averages over time. Trains in about a minute on two cores. These codes cannot be decoded to sound.</summary>
    /// <returns>New options, which may be changed freely.</returns>
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

    /// <summary>Settings for codes that tell phonemes apart for any speaker, also for those who are not in the training data, on a CPU:
    /// each utterance is adapted to the typical speech of the training data. More speakers in the training data are better; a column of
    /// speakers is not needed. These codes cannot be decoded to sound.</summary>
    /// <returns>New options, which may be changed freely.</returns>
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
        options.VectorQuantizer.CommitmentCost = 0.1;
        options.Training.Steps = 3000;
        return options;
    }

    /// <summary>Settings of the paper's model of VCTK: one of 512 codes per 64 samples, and a voice per speaker. Training takes days on a
    /// CPU; use a GPU. Set <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, which may be changed freely.</returns>
    public static AudioVqVaeOptions Vctk64x() => Paper([2, 2, 2, 2, 2, 2], codes: 512);

    /// <summary>Settings of the paper's model of LibriSpeech: one of 512 codes per 128 samples. Training takes days on a CPU; use a GPU.
    /// Set <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, which may be changed freely.</returns>
    public static AudioVqVaeOptions LibriSpeech128x() => Paper([2, 2, 2, 2, 2, 2, 2], codes: 512);

    /// <summary>Settings of the paper's model whose codes are compared with phonemes: 25 codes per second at 16,000 Hz, out of 128.
    /// Training takes days on a CPU; use a GPU. Set <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, which may be changed freely.</returns>
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
        Quantizer = new VectorQuantizerOptions
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
