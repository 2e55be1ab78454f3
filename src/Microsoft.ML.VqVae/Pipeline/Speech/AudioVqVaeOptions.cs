using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="AudioVqVaeEstimator"/>: the network, its training, and the columns besides waveforms and
/// codes.</summary>
/// <remarks>The defaults are for speech that is decoded to sound, on a CPU: 25 codes per second that mostly encode phonetic content, a
/// decoder to log-mel frames that is conditioned on the speaker, Griffin-Lim, and 3,000 steps. Training takes minutes on two cores. The
/// static methods return presets for other purposes, such as <see cref="PhonemeFeatures"/>, and those of the paper. The default of
/// <see cref="NetworkOptions.PredictionBatchSize"/> is 16.</remarks>
public sealed class AudioVqVaeOptions : NetworkOptions
{
    /// <summary>The default of <see cref="NetworkOptions.PredictionBatchSize"/>.</summary>
    public new const int DefaultPredictionBatchSize = 16;

    /// <summary>The default of <see cref="CropSeconds"/>.</summary>
    public const double DefaultCropSeconds = 2.56;

    // The paper states no number of steps for section 4.3; this is that of its image models.
    const int PaperSteps = 250_000;

    /// <summary>Creates options with the default settings.</summary>
    public AudioVqVaeOptions()
    {
        PredictionBatchSize = DefaultPredictionBatchSize;
        Training = new()
        {
            LearningRate = 1e-3,
            BatchSize = 8,
            Steps = 3000,
            Schedule = LearningRateSchedule.WarmupHoldLinear(holdUntilFraction: 0.5, finalFraction: 0.02),
        };
    }

    /// <summary>Encoder and decoder: <see cref="MelCodecOptions"/>, for CPUs, or <see cref="WaveformCodecOptions"/>, as in the
    /// paper.</summary>
    /// <value>The default is a mel codec of 25 codes per second.</value>
    public AudioCodecOptions Codec { get; set; } = new MelCodecOptions();

    /// <summary>The quantizer: <see cref="VectorQuantizerOptions"/>, or the options of another quantizer.</summary>
    /// <value>The default is a vector quantizer with one codebook of 128 codes, learned by moving averages from step 150 on; dead codes are
    /// restarted.</value>
    public QuantizerOptions Quantizer { get; set; } = new VectorQuantizerOptions
    {
        Codes = 128, UnquantizedSteps = 150, RestartBelow = 0.1, RestartUntilFraction = 0.8,
    }.AsPreset();

    /// <summary>The settings of <see cref="Quantizer"/>, which must be a vector quantizer.</summary>
    /// <exception cref="InvalidOperationException">The quantizer is not a vector quantizer.</exception>
    public VectorQuantizerOptions VectorQuantizer => Quantizer.AsVectorQuantizer();

    /// <summary>Sample rate of the waveforms in hertz, <see cref="AudioCodecOptions.SampleRate"/> of <see cref="Codec"/>. Load audio at
    /// this rate: a waveform has no information about its rate.</summary>
    /// <value>The default is 16,000.</value>
    /// <exception cref="InvalidOperationException"><see cref="Codec"/> is null.</exception>
    public int SampleRate
    {
        get => KnownCodec.SampleRate;
        set => KnownCodec.SampleRate = value;
    }

    /// <summary>The name of a key column that identifies the speaker, as MapValueToKey outputs it. The decoder is conditioned on the
    /// speaker, so that codes need not represent the voice, and utterances can be decoded with another voice.</summary>
    /// <value>The default is <see langword="null"/>: a single voice.</value>
    public string? SpeakerColumnName { get; set; }

    /// <summary>The name of a column for the decoded waveforms, of the length and with the speakers of the input.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? ReconstructionColumnName { get; set; }

    /// <summary>The name of a column for the code vectors of the waveform, D·G numbers per position, position by position.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EmbeddingsColumnName { get; set; }

    /// <summary>The name of a column for the encoder outputs before quantization, D·G numbers per position: what <see cref="FeatureEstimator"/>
    /// may read instead of the codes.</summary>
    /// <value>The default is <see langword="null"/>: no such column.</value>
    public string? EncoderOutputsColumnName { get; set; }

    /// <summary>The name of a column for the normalized features that the encoder reads: C numbers per frame, frame by frame, where C is
    /// <see cref="MelCodecOptions.Coefficients"/> or <see cref="MelCodecOptions.Bands"/>, and a frame lasts
    /// <see cref="MelCodecOptions.HopSeconds"/>. For classifiers and clusterings that the codes are compared with.</summary>
    /// <value>The default is <see langword="null"/>: no such column. Needs a <see cref="MelCodecOptions"/> as <see cref="Codec"/>.</value>
    public string? FeaturesColumnName { get; set; }

    /// <summary>The name of a column for the frames that the codes are decoded to, with the speakers of the input: log-mel bands in their own
    /// units, <see cref="MelCodecOptions.Bands"/> numbers per frame. A <see cref="VocoderEstimator"/> makes sound of them.</summary>
    /// <value>The default is <see langword="null"/>: no such column. Needs a <see cref="MelCodecOptions"/> as <see cref="Codec"/> that decodes
    /// to <see cref="SpeechFeatures.LogMel"/>.</value>
    public string? DecodedFramesColumnName { get; set; }

    /// <summary>The length of a training example in seconds. Longer utterances are cropped at random, shorter ones are padded with values
    /// that are ignored in training.</summary>
    /// <value>More than 0; at least the length of a code. The default is 2.56.</value>
    public double CropSeconds { get; set; } = DefaultCropSeconds;

    internal int CropCodes =>
        (int)Math.Clamp(Math.Round(CropSeconds * Codec.SampleRate / Codec.SamplesPerCode), 1, int.MaxValue);

    AudioCodecOptions KnownCodec => Codec ?? throw new InvalidOperationException(
        $"{nameof(SampleRate)} is a setting of {nameof(Codec)}, which must be set, but is null: set {nameof(Codec)} first, to a new "
        + $"{nameof(MelCodecOptions)} for example.");

    private protected override string Method => "EncodeAudio";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Codec is not null, nameof(Codec), "set", Codec);
        Codec?.Describe(problems);
        QuantizerOptions.Describe(Quantizer, Training?.Steps, problems);
        problems.Require(CropSeconds > 0 && double.IsFinite(CropSeconds), nameof(CropSeconds), "a finite number above 0", CropSeconds);
        RequireName(problems, nameof(SpeakerColumnName), SpeakerColumnName);
        RequireName(problems, nameof(ReconstructionColumnName), ReconstructionColumnName);
        RequireName(problems, nameof(EmbeddingsColumnName), EmbeddingsColumnName);
        RequireName(problems, nameof(EncoderOutputsColumnName), EncoderOutputsColumnName);
        RequireName(problems, nameof(FeaturesColumnName), FeaturesColumnName);
        RequireName(problems, nameof(DecodedFramesColumnName), DecodedFramesColumnName);
        problems.Require(FeaturesColumnName is null || Codec is MelCodecOptions, nameof(FeaturesColumnName),
            $"null where the codec is no {nameof(MelCodecOptions)}: its encoder reads samples", FeaturesColumnName);
        problems.Require(DecodedFramesColumnName is null || AudioModelDescription.DecodesToFrames(Codec), nameof(DecodedFramesColumnName),
            $"null where the codec is no {nameof(MelCodecOptions)} whose outputs are {nameof(SpeechFeatures.LogMel)}", DecodedFramesColumnName);
        problems.Require(ReconstructionColumnName is null || Codec is not MelCodecOptions { Outputs: SpeechFeatures.Mfcc },
            nameof(ReconstructionColumnName),
            $"null where the codec's outputs are {nameof(SpeechFeatures.Mfcc)}, which cannot be decoded to sound", ReconstructionColumnName);
    }

    /// <summary>The default settings. Set <see cref="SpeakerColumnName"/> for voice conversion.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static AudioVqVaeOptions MelSpeech() => new();

    /// <summary>The settings for phonetic features, 25 codes per second out of 128, on a CPU: the input is cepstral coefficients, and the
    /// target is their average over time. Training takes about a minute on two cores. These codes cannot be decoded to sound.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static AudioVqVaeOptions PhonemeFeatures() => new()
    {
        Codec = new MelCodecOptions
        {
            Inputs = SpeechFeatures.Mfcc,
            Outputs = SpeechFeatures.Mfcc,
            Coefficients = 30,
            VocalTractWarp = 0,
            Decorrelation = 0.75,
            DecoderChannels = 192,
            DecoderBlocks = 1,
            SpeakerWithCodes = true,
            TargetFrames = 16,
        },
        Training = { Steps = 2200 },
    };

    /// <summary>The settings for phonetic features of speakers who are not in the training data, on a CPU: each utterance is first adapted
    /// to the training speakers. More speakers in the training data are better; a column of speakers is not needed. These codes cannot be
    /// decoded to sound.</summary>
    /// <returns>New options, which can be changed.</returns>
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

    /// <summary>The settings of the paper for VCTK (section 4.3 of arXiv 1711.00937): one code out of 512 per 64 samples. Training takes
    /// days on a CPU; use a GPU. Set <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static AudioVqVaeOptions Vctk64x() => Paper([2, 2, 2, 2, 2, 2], codes: 512);

    /// <summary>The settings of the paper for LibriSpeech (section 4.3): one code out of 512 per 128 samples. Training takes days on a CPU;
    /// use a GPU. Set <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static AudioVqVaeOptions LibriSpeech128x() => Paper([2, 2, 2, 2, 2, 2, 2], codes: 512);

    /// <summary>The settings of the paper for the comparison of codes with phonemes (section 4.3): one code out of 128 per 640 samples, 25
    /// codes per second at 16,000 Hz. Training takes days on a CPU; use a GPU. Set <see cref="SpeakerColumnName"/>.</summary>
    /// <returns>New options, which can be changed.</returns>
    public static AudioVqVaeOptions Phonemes640x() => Paper([2, 2, 2, 2, 2, 2, 2, 5], codes: 128);

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
            UnquantizedSteps = 500,
            RestartEverySteps = 200,
        }.AsPreset(),
        Training = new() { LearningRate = TrainingOptions.DefaultLearningRate, BatchSize = 32, Steps = PaperSteps },
        CropSeconds = 0.48,
        PredictionBatchSize = 1,
    };
}
