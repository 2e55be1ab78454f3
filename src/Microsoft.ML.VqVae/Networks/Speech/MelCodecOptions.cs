using System.Globalization;
using Microsoft.ML.VqVae.Audio;
using static System.FormattableString;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The features of a waveform that a <see cref="MelVqVae"/> models.</summary>
public enum SpeechFeatures
{
    /// <summary>The logarithm of the power in mel bands, which can be decoded to sound.</summary>
    LogMel,

    /// <summary>Mel-frequency cepstral coefficients: only the envelope of the spectrum, which distinguishes phonemes. They cannot be
    /// decoded
    /// to sound.</summary>
    Mfcc,
}

/// <summary>The data whose statistics normalize features before they are encoded.</summary>
public enum FeatureNormalisation
{
    /// <summary>The utterance itself: the speaker need not be known.</summary>
    Utterance,

    /// <summary>All utterances of the speaker in the training data; the utterance itself where the speaker is not in the training data, or
    /// there is no column of speakers.</summary>
    Speaker,

    /// <summary>The utterance itself, then adapted to the typical speech of the training data: by the best of nine warps of the frequency
    /// axis, up to <see cref="MelCodecOptions.VocalTractWarp"/>, and the best affine map of the features (vocal tract length normalization,
    /// Lee and Rose 1996; maximum likelihood linear regression, Leggetter and Woodland 1995). For codes of phonemes of any speaker, also of
    /// speakers who are not in the training data. Needs some seconds of speech; the less there is, the less is adapted. Needs
    /// <see cref="SpeechFeatures.Mfcc"/> as <see cref="MelCodecOptions.Inputs"/>.</summary>
    Adapted,
}

/// <summary>
/// The settings of a <see cref="MelVqVae"/>. The defaults are those of a codec whose codes can be decoded to speech again.
/// </summary>
public sealed class MelCodecOptions : AudioCodecOptions
{
    /// <summary>The features that are encoded. Cepstra distinguish phonemes better than bands, and voices worse.</summary>
    /// <value>The default is <see cref="SpeechFeatures.Mfcc"/>.</value>
    public SpeechFeatures Inputs { get; set; } = SpeechFeatures.Mfcc;

    /// <summary>The features that are decoded: <see cref="SpeechFeatures.LogMel"/> for codes that are decoded to sound,
    /// <see cref="SpeechFeatures.Mfcc"/>, which needs the same as <see cref="Inputs"/>, for codes of phonemes only.</summary>
    /// <value>The default is <see cref="SpeechFeatures.LogMel"/>.</value>
    public SpeechFeatures Outputs { get; set; } = SpeechFeatures.LogMel;

    /// <summary>The length of the Hann window that a frame of features is computed from, in seconds.</summary>
    /// <value>At least <see cref="HopSeconds"/>, at most 4096 samples: 0.256 at 16 kHz. A short one has few frequencies, and so room for few
    /// <see cref="Bands"/>. The default is 0.025.</value>
    public double WindowSeconds { get; set; } = 0.025;

    /// <summary>The time from one frame to the next, in seconds. Frame f covers the samples of its hop, and its window is centered on
    /// them.</summary>
    /// <value>More than 0. The default is 0.01.</value>
    public double HopSeconds { get; set; } = 0.01;

    /// <summary>The number of frames that a code covers; 4 frames of 10 ms result in 25 codes per second.</summary>
    /// <value>From 1 to 64. The default is 4.</value>
    public int FramesPerCode { get; set; } = 4;

    /// <summary>Mel bands of a frame.</summary>
    /// <value>At least 1, and few enough for every band to have a frequency of the Fourier transform, also where
    /// <see cref="VocalTractWarp"/> moves it: fewer bands, a longer <see cref="WindowSeconds"/> or a higher <see cref="MinimumFrequency"/>
    /// where it has none. The default is 80; with all other defaults it goes with sample rates from 5,145 to 9,255 Hz and from 10,265 to
    /// 163,840 Hz.</value>
    public int Bands { get; set; } = 80;

    /// <summary>The lower edge of the lowest band, in hertz.</summary>
    /// <value>Zero or more; see <see cref="Bands"/>. The default is 50.</value>
    public double MinimumFrequency { get; set; } = 50;

    /// <summary>The upper edge of the highest band, in hertz.</summary>
    /// <value>Above <see cref="MinimumFrequency"/>, at most half the sample rate. The default is 0, for 95 % of that half: 7,600 for 16,000
    /// samples per second.</value>
    public double MaximumFrequency { get; set; }

    /// <summary>The weight a of the filter y[t] = x[t] − a · x[t − 1], which flattens the spectrum of speech before the analysis.</summary>
    /// <value>From 0, for none, to below 1. The default is 0.97.</value>
    public double PreEmphasis { get; set; } = 0.97;

    /// <summary>The number of cepstral coefficients, counted from c0, for <see cref="SpeechFeatures.Mfcc"/>.</summary>
    /// <value>From 1 to <see cref="Bands"/>. The default is 13.</value>
    public int Coefficients { get; set; } = 13;

    /// <summary>The data whose statistics normalize features before they are encoded.</summary>
    /// <value>The default is <see cref="FeatureNormalisation.Speaker"/>.</value>
    public FeatureNormalisation Normalisation { get; set; } = FeatureNormalisation.Speaker;

    /// <summary>The degree to which correlations between features are removed before they are encoded: 0, not at all; 1, completely. Voices
    /// differ in their correlations, so that codes then depend less on the speaker.</summary>
    /// <value>From 0, the default, to 1.</value>
    public double Decorrelation { get; set; }

    /// <summary>Channels of the encoder.</summary>
    /// <value>At least 1. The default is 192.</value>
    public int EncoderChannels { get; set; } = 192;

    /// <summary>Residual blocks of the encoder.</summary>
    /// <value>Zero or more. The default is 1.</value>
    public int EncoderBlocks { get; set; } = 1;

    /// <summary>The dilations of the convolutions in the encoder's residual blocks, in codes: the blocks take the numbers in turn, and
    /// larger ones widen the stretch of sound that a code depends on.</summary>
    /// <value>Each from 1 to 1024. The default is 1 for all blocks: neighboring codes.</value>
    public int[] EncoderDilations { get; set; } = [1];

    /// <summary>Channels of the decoder.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int DecoderChannels { get; set; } = 256;

    /// <summary>Residual blocks of the decoder.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int DecoderBlocks { get; set; } = 2;

    /// <summary>The number of codes before and after the present one that the first layer of the decoder sees. With 0, and without residual
    /// blocks,
    /// frames depend only on their code: the decoder is a table with an entry per code and speaker.</summary>
    /// <value>Zero or more. The default is 1.</value>
    public int DecoderNeighbours { get; set; } = 1;

    /// <summary>Whether the speaker is an input of the decoder's first layer too, and not only of its last. The layers between then learn
    /// the meaning of a code in the voices that it occurred with: reconstructions are better, and conversions worse, since those pair codes
    /// with voices that training did not.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool SpeakerWithCodes { get; set; }

    /// <summary>The target of the decoder for a code. 0: the frames of the code. More: one frame, the mean of this many frames around the
    /// center of the code, weighted by a Hann window; higher coefficients count less, down to a quarter. A mean carries the sound without
    /// its exact timing, which results in better codes for phonemes. Needs <see cref="SpeechFeatures.Mfcc"/> as
    /// <see cref="Outputs"/>.</summary>
    /// <value>0, the default, or at least <see cref="FramesPerCode"/> and even if and only if that is even.</value>
    public int TargetFrames { get; set; }

    /// <summary>The number of spans of time of an example that are hidden from the encoder in training.</summary>
    /// <value>Zero or more. The default is 3.</value>
    public int MaskedSpans { get; set; } = 3;

    /// <summary>The shortest of these spans in frames.</summary>
    /// <value>At least 1, at most <see cref="MaskedFrames"/>. The default is 1.</value>
    public int LeastMaskedFrames { get; set; } = 1;

    /// <summary>The longest of these spans in frames.</summary>
    /// <value>At least 1. The default is 8.</value>
    public int MaskedFrames { get; set; } = 8;

    /// <summary>The largest share by which training stretches and compresses the frequency axis of the encoder's input, as if vocal tracts
    /// were longer or shorter (vocal tract length perturbation, Jaitly and Hinton 2013). Codes then depend less on the speaker. With
    /// <see cref="FeatureNormalisation.Adapted"/> the warp is not random: the best one for an utterance is searched in this
    /// range.</summary>
    /// <value>From 0, for none, to 0.25; see <see cref="Bands"/>. The default is 0.12.</value>
    public double VocalTractWarp { get; set; } = 0.12;

    /// <summary>Iterations of the Griffin-Lim algorithm, which estimates the phases of decoded spectra.</summary>
    /// <value>From 1 to 1000. The default is 60.</value>
    public int GriffinLimIterations { get; set; } = 60;

    /// <inheritdoc/>
    public override int SamplesPerCode => FramesPerCode * HopLength;

    internal int HopLength => (int)Math.Round(HopSeconds * SampleRate);

    internal int WindowLength => (int)Math.Round(WindowSeconds * SampleRate);

    internal int InputChannels => ChannelsOf(Inputs);

    internal int OutputChannels => ChannelsOf(Outputs);

    internal double MaximumFrequencyOrDefault => MaximumFrequency > 0 ? MaximumFrequency : 0.95 * SampleRate / 2;

    // No weight bounds these: a model file could ask for years of work, or for as much padding as there is memory.
    const int MaxGriffinLimIterations = 1000, MaxDilation = 1024;

    int ChannelsOf(SpeechFeatures features) => features == SpeechFeatures.Mfcc ? Coefficients : Bands;

    internal override void Describe(OptionProblems problems) => Describe(problems, warped: true);

    /// <summary>Checks all settings together.</summary>
    /// <param name="problems">Takes the problems.</param>
    /// <param name="warped">Whether the frequency axis is warped in training, as <see cref="VocalTractWarp"/> asks.</param>
    internal void Describe(OptionProblems problems, bool warped)
    {
        base.Describe(problems);
        string known = $"one of {string.Join(", ", Enum.GetNames<SpeechFeatures>())}";
        problems.Require(Enum.IsDefined(Inputs), nameof(Inputs), known, Inputs);
        problems.Require(Enum.IsDefined(Outputs), nameof(Outputs), known, Outputs);
        problems.Require(Outputs != SpeechFeatures.Mfcc || Inputs == SpeechFeatures.Mfcc, nameof(Inputs),
            $"{nameof(SpeechFeatures.Mfcc)} where {nameof(Outputs)} is", Inputs);
        problems.Require(HopSeconds > 0 && HopLength >= 1, nameof(HopSeconds), "at least one sample long", HopSeconds);
        int longest = MelSpectrogramOptions.MaxFftLength;
        problems.Require(WindowSeconds >= HopSeconds && WindowLength >= 2 && WindowLength <= longest, nameof(WindowSeconds),
            Invariant($"at least {nameof(HopSeconds)} ({HopSeconds}), and from 2 to {longest} samples ({(double)longest / SampleRate} s)"),
            WindowSeconds);
        problems.Require(FramesPerCode is >= 1 and <= 64, nameof(FramesPerCode), "from 1 to 64", FramesPerCode);
        problems.Require(Bands is >= 1 and <= MelSpectrogramOptions.MaxFftLength, nameof(Bands),
            $"from 1 to {MelSpectrogramOptions.MaxFftLength}", Bands);
        problems.Require(MinimumFrequency >= 0 && MinimumFrequency < MaximumFrequencyOrDefault, nameof(MinimumFrequency),
            Invariant($"from 0 to below the maximum ({MaximumFrequencyOrDefault})"), MinimumFrequency);
        problems.Require(MaximumFrequency >= 0 && MaximumFrequency <= SampleRate / 2.0, nameof(MaximumFrequency),
            Invariant($"0 or at most half of the sample rate ({SampleRate / 2.0})"), MaximumFrequency);
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
        problems.Require(EncoderDilations is { Length: > 0 } && EncoderDilations.All(dilation => dilation is >= 1 and <= MaxDilation),
            nameof(EncoderDilations), $"one number or more, each from 1 to {MaxDilation}",
            EncoderDilations is null ? "null" : $"[{string.Join(", ", EncoderDilations)}]");
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
        problems.Require(GriffinLimIterations is >= 1 and <= MaxGriffinLimIterations, nameof(GriffinLimIterations),
            $"from 1 to {MaxGriffinLimIterations}", GriffinLimIterations);
        DescribeBands(problems, warped);
    }

    // A band without a frequency of the Fourier transform would have no sound in it, whatever the waveform.
    void DescribeBands(OptionProblems problems, bool warped)
    {
        bool canLayOut = SampleRate >= 1 && WindowLength is >= 2 and <= MelSpectrogramOptions.MaxFftLength
            && Bands is >= 1 and <= MelSpectrogramOptions.MaxFftLength && VocalTractWarp is >= 0 and <= 0.25
            && MinimumFrequency >= 0 && MinimumFrequency < MaximumFrequencyOrDefault && MaximumFrequencyOrDefault <= SampleRate / 2.0;
        if (!canLayOut)
            return;
        foreach (double warp in SpeechAnalysis.Warps(warped ? VocalTractWarp : 0).Prepend(1))
        {
            MelSpectrogramOptions spectrogram = SpeechAnalysis.Spectrogram(this, warp);
            if (MelFilters.FirstEmptyBand(spectrogram) is not int band)
                continue;
            string found = warp == 1 ? "" : Invariant(
                $" where {nameof(VocalTractWarp)} ({VocalTractWarp}) multiplies frequencies by {warp:0.###}");
            string less = warp == 1 ? "" : $", or a smaller {nameof(VocalTractWarp)}";
            problems.Add(nameof(Bands), string.Create(CultureInfo.InvariantCulture,
                $"{nameof(Bands)} must be few enough for every band to have one of the {spectrogram.FftLength / 2 + 1} frequencies of the "
                + $"Fourier transform of a window, but at {SampleRate} Hz band {band} of {Bands} has none{found} (fewer {nameof(Bands)}, a "
                + $"longer {nameof(WindowSeconds)}, a higher {nameof(MinimumFrequency)}{less})"));
            return;
        }
    }

    internal override AudioCodecOptions Copy()
    {
        var copy = (MelCodecOptions)MemberwiseClone();
        copy.EncoderDilations = [.. EncoderDilations];
        return copy;
    }

    internal override AudioVqVae CreateNetwork(QuantizerOptions quantizer, int speakers, int seed) =>
        new MelVqVae(this, quantizer, speakers, seed);
}
