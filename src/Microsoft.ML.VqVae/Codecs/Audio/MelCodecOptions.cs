using Microsoft.ML.VqVae.Quantization;
using Microsoft.ML.VqVae.Signal;

namespace Microsoft.ML.VqVae.Codecs;

/// <summary>What a <see cref="MelVqVae"/> sees of a waveform.</summary>
public enum SpeechFeatures
{
    /// <summary>The logarithm of the power in mel bands: all that is needed to make sound of it again.</summary>
    LogMel,

    /// <summary>Mel-frequency cepstral coefficients: the envelope of the spectrum alone, which is what tells phonemes apart. No sound can
    /// be made of them.</summary>
    Mfcc,
}

/// <summary>From which values features are normalised before they are encoded.</summary>
public enum FeatureNormalisation
{
    /// <summary>From the utterance itself: nothing needs to be known of who speaks.</summary>
    Utterance,

    /// <summary>From all that the speaker said in the training data; from the utterance itself where the speaker was not among those of the
    /// training, or there is no column of speakers.</summary>
    Speaker,

    /// <summary>From the utterance itself, and then as near as possible to what the speech of the training data is like: by the warp of
    /// the frequency axis, among nine up to <see cref="MelCodecOptions.VocalTractWarp"/>, and the affine map of the features that suit
    /// it best (vocal tract length normalisation, Lee and Rose 1996; maximum likelihood linear regression, Leggetter and Woodland 1995).
    /// For codes of phonemes whoever speaks, also who was not among the speakers of the training. Works on some seconds of speech; the
    /// less there is, the more is left as it is. Needs <see cref="SpeechFeatures.Mfcc"/> as <see
    /// cref="MelCodecOptions.Inputs"/>.</summary>
    Adapted,
}

/// <summary>
/// The settings of a <see cref="MelVqVae"/>. The defaults are those of a codec whose codes are to be decoded to speech again.
/// </summary>
public sealed class MelCodecOptions : AudioCodecOptions
{
    /// <summary>What the encoder sees. Cepstra tell phonemes better and voices worse than bands do.</summary>
    /// <value>The default is <see cref="SpeechFeatures.Mfcc"/>.</value>
    public SpeechFeatures Inputs { get; set; } = SpeechFeatures.Mfcc;

    /// <summary>What the decoder gives: <see cref="SpeechFeatures.LogMel"/> where codes are to be decoded to sound,
    /// <see cref="SpeechFeatures.Mfcc"/>, which needs the same as <see cref="Inputs"/>, where they are for phonemes alone.</summary>
    /// <value>The default is <see cref="SpeechFeatures.LogMel"/>.</value>
    public SpeechFeatures Outputs { get; set; } = SpeechFeatures.LogMel;

    /// <summary>The length of the Hann window that a frame of features is computed from, in seconds.</summary>
    /// <value>At least <see cref="HopSeconds"/>, at most 4096 samples: 0.256 at 16 kHz. The default is 0.025.</value>
    public double WindowSeconds { get; set; } = 0.025;

    /// <summary>The time from one frame to the next, in seconds. Frame f is about the samples of its hop, and its window is centred on
    /// them.</summary>
    /// <value>More than 0. The default is 0.01.</value>
    public double HopSeconds { get; set; } = 0.01;

    /// <summary>How many frames a code stands for; 4 frames of 10 ms make 25 codes a second.</summary>
    /// <value>From 1 to 64. The default is 4.</value>
    public int FramesPerCode { get; set; } = 4;

    /// <summary>Mel bands of a frame.</summary>
    /// <value>At least 1. The default is 80.</value>
    public int Bands { get; set; } = 80;

    /// <summary>The lower edge of the lowest band, in hertz.</summary>
    /// <value>Zero or more. The default is 50.</value>
    public double MinimumFrequency { get; set; } = 50;

    /// <summary>The upper edge of the highest band, in hertz.</summary>
    /// <value>Above <see cref="MinimumFrequency"/>, at most half the sample rate. The default is 0, for 95 % of that half: 7,600 for 16,000
    /// samples a second.</value>
    public double MaximumFrequency { get; set; }

    /// <summary>Weight a of the filter y[t] = x[t] − a · x[t − 1] that flattens the spectrum of speech first.</summary>
    /// <value>From 0, for none, to below 1. The default is 0.97.</value>
    public double PreEmphasis { get; set; } = 0.97;

    /// <summary>How many cepstral coefficients are kept, counted from c0, where <see cref="SpeechFeatures.Mfcc"/> are
    /// asked for.</summary>
    /// <value>From 1 to <see cref="Bands"/>. The default is 13.</value>
    public int Coefficients { get; set; } = 13;

    /// <summary>From which values features are normalised before they are encoded.</summary>
    /// <value>The default is <see cref="FeatureNormalisation.Utterance"/>.</value>
    public FeatureNormalisation Normalisation { get; set; } = FeatureNormalisation.Utterance;

    /// <summary>How far correlations between features are taken away before they are encoded: 0, not at all; 1, all of them. Voices
    /// differ in their correlations, so codes then depend less on who speaks.</summary>
    /// <value>From 0, the default, to 1.</value>
    public double Decorrelation { get; set; }

    /// <summary>Channels of the encoder.</summary>
    /// <value>At least 1. The default is 192.</value>
    public int EncoderChannels { get; set; } = 192;

    /// <summary>Residual blocks of the encoder.</summary>
    /// <value>Zero or more. The default is 1.</value>
    public int EncoderBlocks { get; set; } = 1;

    /// <summary>How many codes lie between those that a residual block of the encoder looks at, plus one; blocks take the numbers in turn.
    /// An encoder that sees far can tell from what is around it what is hidden from it (<see cref="MaskedSpans"/>), and its codes
    /// become more alike where the same is said.</summary>
    /// <value>Each at least 1. The default is 1 for all blocks: neighbouring codes.</value>
    public int[] EncoderDilations { get; set; } = [1];

    /// <summary>Channels of the decoder.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int DecoderChannels { get; set; } = 256;

    /// <summary>Residual blocks of the decoder.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int DecoderBlocks { get; set; } = 2;

    /// <summary>How many codes before and after its own the first layer of the decoder sees. With 0, and without residual blocks, a code
    /// has to say by itself what its frames are: the decoder is a table with an entry for each code and speaker.</summary>
    /// <value>Zero or more. The default is 1.</value>
    public int DecoderNeighbours { get; set; } = 1;

    /// <summary>Whether the decoder is told who speaks with the codes, and not only in its last layer. What it computes before that layer
    /// then depends on both, and it learns what a code means in the voices that it came with: better reconstructions, and worse
    /// conversions, since those pair codes with voices that training did not.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool SpeakerWithCodes { get; set; }

    /// <summary>What the decoder learns to give for a code. 0: the frames of the code. More: one frame, the mean of so many around the
    /// centre of the code, with the weights of a Hann window; higher coefficients count less, down to a quarter. A mean says what is
    /// spoken and leaves out when exactly, which makes better codes for phonemes. Needs <see cref="SpeechFeatures.Mfcc"/> as <see
    /// cref="Outputs"/>.</summary>
    /// <value>0, the default, or at least <see cref="FramesPerCode"/> and even if and only if that is even.</value>
    public int TargetFrames { get; set; }

    /// <summary>How many spans of time of an example are hidden from the encoder in training.</summary>
    /// <value>Zero or more. The default is 3.</value>
    public int MaskedSpans { get; set; } = 3;

    /// <summary>The shortest of these spans in frames.</summary>
    /// <value>At least 1, at most <see cref="MaskedFrames"/>. The default is 1.</value>
    public int LeastMaskedFrames { get; set; } = 1;

    /// <summary>The longest of these spans in frames.</summary>
    /// <value>At least 1. The default is 8.</value>
    public int MaskedFrames { get; set; } = 8;

    /// <summary>How far, as a share, training stretches and compresses the frequency axis that the encoder sees, as if vocal tracts were
    /// longer or shorter (vocal tract length perturbation, Jaitly and Hinton 2013). Codes then depend less on who speaks. With <see
    /// cref="FeatureNormalisation.Adapted"/> nothing is drawn at random: the warp that suits an utterance is looked for in this
    /// range.</summary>
    /// <value>From 0, the default, for none, to 0.25.</value>
    public double VocalTractWarp { get; set; }

    /// <summary>Iterations of the Griffin-Lim algorithm, which finds phases for decoded spectra.</summary>
    /// <value>At least 1. The default is 60.</value>
    public int GriffinLimIterations { get; set; } = 60;

    /// <inheritdoc/>
    public override int SamplesPerCode => FramesPerCode * HopLength;

    internal int HopLength => (int)Math.Round(HopSeconds * SampleRate);

    internal int WindowLength => (int)Math.Round(WindowSeconds * SampleRate);

    internal int InputChannels => ChannelsOf(Inputs);

    internal int OutputChannels => ChannelsOf(Outputs);

    internal double MaximumFrequencyOrDefault => MaximumFrequency > 0 ? MaximumFrequency : 0.95 * SampleRate / 2;

    int ChannelsOf(SpeechFeatures features) => features == SpeechFeatures.Mfcc ? Coefficients : Bands;

    internal override void Describe(OptionProblems problems)
    {
        base.Describe(problems);
        var known = $"one of {string.Join(", ", Enum.GetNames<SpeechFeatures>())}";
        problems.Require(Enum.IsDefined(Inputs), nameof(Inputs), known, Inputs);
        problems.Require(Enum.IsDefined(Outputs), nameof(Outputs), known, Outputs);
        problems.Require(Outputs != SpeechFeatures.Mfcc || Inputs == SpeechFeatures.Mfcc, nameof(Inputs),
            $"{nameof(SpeechFeatures.Mfcc)} where {nameof(Outputs)} is", Inputs);
        problems.Require(HopSeconds > 0 && HopLength >= 1, nameof(HopSeconds), "at least one sample long", HopSeconds);
        int longest = MelSpectrogramOptions.MaxFftLength;
        problems.Require(WindowSeconds >= HopSeconds && WindowLength >= 2 && WindowLength <= longest, nameof(WindowSeconds),
            $"at least {nameof(HopSeconds)} ({HopSeconds}), and from 2 to {longest} samples ({(double)longest / SampleRate} s)",
            WindowSeconds);
        problems.Require(FramesPerCode is >= 1 and <= 64, nameof(FramesPerCode), "from 1 to 64", FramesPerCode);
        problems.AtLeast(nameof(Bands), Bands, 1);
        problems.Require(MinimumFrequency >= 0 && MinimumFrequency < MaximumFrequencyOrDefault, nameof(MinimumFrequency),
            $"from 0 to below the maximum ({MaximumFrequencyOrDefault})", MinimumFrequency);
        problems.Require(MaximumFrequency >= 0 && MaximumFrequency <= SampleRate / 2.0, nameof(MaximumFrequency),
            $"0 or at most half of the sample rate ({SampleRate / 2.0})", MaximumFrequency);
        problems.Require(PreEmphasis is >= 0 and < 1, nameof(PreEmphasis), "from 0 to below 1", PreEmphasis);
        problems.Require(Coefficients >= 1 && Coefficients <= Math.Max(1, Bands), nameof(Coefficients),
            $"from 1 to {Bands} ({nameof(Bands)})", Coefficients);
        problems.Require(Enum.IsDefined(Normalisation), nameof(Normalisation),
            $"one of {string.Join(", ", Enum.GetNames<FeatureNormalisation>())}", Normalisation);
        problems.Require(Normalisation != FeatureNormalisation.Adapted || Inputs == SpeechFeatures.Mfcc, nameof(Inputs),
            $"{nameof(SpeechFeatures.Mfcc)} where {nameof(Normalisation)} is {nameof(FeatureNormalisation.Adapted)}", Inputs);
        problems.Require(Decorrelation is >= 0 and <= 1, nameof(Decorrelation), "from 0 to 1", Decorrelation);
        problems.AtLeast(nameof(EncoderChannels), EncoderChannels, 1);
        problems.AtLeast(nameof(EncoderBlocks), EncoderBlocks, 0);
        problems.Require(EncoderDilations is { Length: > 0 } && EncoderDilations.All(dilation => dilation >= 1), nameof(EncoderDilations),
            "one number or more, each at least 1", EncoderDilations is null ? "null" : $"[{string.Join(", ", EncoderDilations)}]");
        problems.AtLeast(nameof(DecoderChannels), DecoderChannels, 1);
        problems.AtLeast(nameof(DecoderBlocks), DecoderBlocks, 0);
        problems.AtLeast(nameof(DecoderNeighbours), DecoderNeighbours, 0);
        problems.Require(TargetFrames == 0 || (TargetFrames >= FramesPerCode && (TargetFrames - FramesPerCode) % 2 == 0),
            nameof(TargetFrames), $"0, or {nameof(FramesPerCode)} ({FramesPerCode}) plus an even number", TargetFrames);
        problems.Require(TargetFrames == 0 || Outputs == SpeechFeatures.Mfcc, nameof(TargetFrames),
            $"0 where {nameof(Outputs)} is not {nameof(SpeechFeatures.Mfcc)}", TargetFrames);
        problems.AtLeast(nameof(MaskedSpans), MaskedSpans, 0);
        problems.AtLeast(nameof(MaskedFrames), MaskedFrames, 1);
        problems.Require(LeastMaskedFrames >= 1 && LeastMaskedFrames <= MaskedFrames, nameof(LeastMaskedFrames),
            $"from 1 to {MaskedFrames} ({nameof(MaskedFrames)})", LeastMaskedFrames);
        problems.Require(VocalTractWarp is >= 0 and <= 0.25, nameof(VocalTractWarp), "from 0 to 0.25", VocalTractWarp);
        problems.AtLeast(nameof(GriffinLimIterations), GriffinLimIterations, 1);
    }

    internal override AudioCodecOptions Copy()
    {
        var copy = (MelCodecOptions)MemberwiseClone();
        copy.EncoderDilations = [.. EncoderDilations];
        return copy;
    }

    internal override AudioVqVae CreateNetwork(VectorQuantizerOptions quantizer, int speakers, int seed) =>
        new MelVqVae(this, quantizer, speakers, seed);
}
