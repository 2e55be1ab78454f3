using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>How long to train and on how much. Steps are the same on every machine; minutes are not.</summary>
/// <param name="Steps">Training steps of the codec.</param>
/// <param name="Context">How many neighbours of a code on each side the classifier sees.</param>
/// <param name="Regularization">The strength of the classifier's L2 penalty, for each row.</param>
/// <param name="ComparedUtterances">How many utterances the second process predicts again.</param>
internal sealed record PhonemePlan(int Steps, int Context, double Regularization, int ComparedUtterances)
{
    /// <summary>How many codes the classifier sees.</summary>
    public int WindowCodes => 2 * Context + 1;

    public static PhonemePlan For(SpeechSettings settings, SpeechData data)
    {
        PhonemePlan plan = (settings.Waveform, settings.Quick) switch
        {
            (false, false) => new(Steps: 3000, Context: 5, Regularization: 1.5e-5, ComparedUtterances: 40),
            (false, true) => new(Steps: 500, Context: 5, Regularization: 1e-4, ComparedUtterances: 10),
            (true, false) => new(Steps: 400, Context: 5, Regularization: 1e-4, ComparedUtterances: 10),
            (true, true) => new(Steps: 60, Context: 5, Regularization: 1e-4, ComparedUtterances: 4),
        };
        // A classifier that is to know new voices must not learn the known ones by heart.
        if (!data.KnownVoices)
            plan = plan with { Context = 3, Regularization = 1e-3 };
        return plan with { Steps = settings.Steps ?? plan.Steps };
    }

    /// <summary>The library's settings for phonemes, with what belongs to this data.</summary>
    public AudioVqVaeOptions CodecOptions(SpeechData data, SpeechSettings settings)
    {
        AudioVqVaeOptions options = settings.Waveform ? AudioVqVaeOptions.Phonemes640x()
            // Voices of the training data are normalised by all that they say. Of other voices there is nothing but the utterance.
            : data.KnownVoices ? AudioVqVaeOptions.PhonemeFeatures()
            : AudioVqVaeOptions.PhonemeFeaturesOfNewSpeakers();
        if (data.KnownVoices)
        {
            options.SpeakerColumnName = "Voice";
            // Means over less time say better when: a code alone tells 0.01 less of the phones, and a window of codes 0.01 more.
            if (options.Codec is MelCodecOptions mel)
                mel.TargetFrames = 12;
        }
        if (settings is { Waveform: true, Cuda: false })
            FitCpu(options, (WaveformCodecOptions)options.Codec);
        options.Training.Steps = Steps;
        options.VectorQuantizer.UnquantizedSteps = Math.Min(options.VectorQuantizer.UnquantizedSteps, Steps / 3);
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = settings.CheckpointFolder;
        return options;
    }

    /// <summary>The paper's network takes a GPU and days. This one has the same layers, fewer and narrower, and learns something in
    /// minutes.</summary>
    void FitCpu(AudioVqVaeOptions options, WaveformCodecOptions codec)
    {
        codec.EncoderChannels = 64;
        codec.Decoder = new() { Blocks = 1, LayersPerBlock = 8, Channels = 32, SkipChannels = 64, ConditioningChannels = 64 };
        options.Training.BatchSize = 4;
        options.Training.LearningRate = 2e-3;
        options.Training.Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 30, holdUntilFraction: 0.5, finalFraction: 0.02);
        options.VectorQuantizer.UnquantizedSteps = Steps / 5;
        // A batch has fewer codes than the codebook, and there are not many batches: forget soon, and look soon for codes without use.
        options.VectorQuantizer.Decay = 0.95;
        options.VectorQuantizer.RestartEverySteps = 10;
        options.VectorQuantizer.RestartBelow = 0.2;
    }
}
