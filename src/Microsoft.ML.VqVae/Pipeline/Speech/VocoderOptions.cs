using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>The settings of <see cref="VocoderEstimator"/>: the network, its training, the frames that it reads, and the column of waveforms.</summary>
/// <remarks>The defaults are for the frames of <see cref="AudioVqVaeOptions.MelSpeech"/>, on a CPU: 80 mel bands each 160 samples, a WaveNet
/// of eight layers, and 3,000 steps of 8 crops of 0.12 s.</remarks>
public sealed class VocoderOptions : NetworkOptions
{
    /// <summary>The default of <see cref="CropFrames"/>.</summary>
    public const int DefaultCropFrames = 12;

    /// <summary>The default of <see cref="NetworkOptions.PredictionBatchSize"/>.</summary>
    public new const int DefaultPredictionBatchSize = 16;

    /// <summary>Creates options with the default settings.</summary>
    public VocoderOptions()
    {
        PredictionBatchSize = DefaultPredictionBatchSize;
        Training = new()
        {
            LearningRate = 3e-3,
            BatchSize = 8,
            Steps = 3000,
            Schedule = LearningRateSchedule.WarmupHoldLinear(holdUntilFraction: 0.5, finalFraction: 0.02),
        };
    }

    /// <summary>The WaveNet. Samples and channels of a latent, which is a frame here, and the number of speakers are set by the estimator:
    /// frames are those of a voice.</summary>
    /// <value>The default has one block of eight layers of 64 channels, two conditioning frames for each frame, and 128 skip
    /// channels.</value>
    public WaveNetDecoderOptions Network { get; set; } = new() { Blocks = 1, LayersPerBlock = 8, SkipChannels = 128, FramesPerLatent = 2 };

    /// <summary>The name of the column of waveforms that the network learns to predict: a vector of Single. It is read in training
    /// only.</summary>
    /// <value>The default is <c>Waveform</c>.</value>
    public string WaveformColumnName { get; set; } = "Waveform";

    /// <summary>The codec whose frames are read: sample rate, window, hop, bands, frequencies and pre-emphasis of its log-mel frames.</summary>
    /// <value>The default is that of <see cref="AudioVqVaeOptions.MelSpeech"/>: 80 bands, each 160 samples.</value>
    public MelCodecOptions Codec { get; set; } = new();

    /// <summary>Number of earlier samples that a sample is predicted from, by coefficients that follow from its frame. The network models
    /// what is left, the excitation.</summary>
    /// <value>From 1 to 64. The default is 20.</value>
    public int PredictionOrder { get; set; } = 20;

    /// <summary>The length of a training example in frames. Longer rows are cropped at random, shorter ones are padded with values that are
    /// left out of training.</summary>
    /// <value>At least 1. The default is 12.</value>
    public int CropFrames { get; set; } = DefaultCropFrames;

    /// <summary>The divisor of the logits when the excitation is sampled: 1 for the learned distribution, less than 1 for less noise.</summary>
    /// <value>More than 0. The default is 1.</value>
    public double Temperature { get; set; } = 1;

    private protected override string Method => "Vocode";

    private protected override void Describe(OptionProblems problems)
    {
        problems.Require(Network is not null, nameof(Network), "set", Network);
        problems.Require(!string.IsNullOrEmpty(WaveformColumnName), nameof(WaveformColumnName), "a name", WaveformColumnName ?? "null");
        problems.AtLeast(nameof(CropFrames), CropFrames, 1);
        bool decodesToFrames = AudioModelDescription.DecodesToFrames(Codec);
        problems.Require(decodesToFrames, nameof(Codec), $"a codec whose outputs are {nameof(SpeechFeatures.LogMel)}",
            Codec?.Outputs.ToString() ?? "null");
        // Frames of the axis of frequency as it is: training of a vocoder does not warp it.
        Codec?.Describe(problems, warped: false);
        if (Network is not null && decodesToFrames)
            ToDescription(seed: 0).DescribeNetwork(problems);
    }

    internal VocoderDescription ToDescription(int seed)
    {
        MelSpectrogramOptions spectrogram = SpeechAnalysis.Spectrogram(Codec);
        WaveNetDecoderOptions network = Network.Copy();
        (network.SamplesPerLatent, network.LatentChannels, network.Speakers) = (spectrogram.HopLength, spectrogram.Bands, 0);
        return new VocoderDescription(spectrogram, PredictionOrder, network, Temperature, PredictionBatchSize, seed);
    }
}
