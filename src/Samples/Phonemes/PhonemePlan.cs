using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Samples.Speech;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>The training budget.</summary>
/// <param name="Steps">Training steps of the codec.</param>
/// <param name="Context">The number of neighbors on each side of a code in the window of the classifier.</param>
/// <param name="Regularization">The L2 penalty of the classifier per row.</param>
/// <param name="ComparedUtterances">The number of utterances for the second process.</param>
internal sealed record PhonemePlan(int Steps, int Context, double Regularization, int ComparedUtterances)
{
    /// <summary>The number of codes in the window of the classifier.</summary>
    public int WindowCodes => 2 * Context + 1;

    /// <summary>Training steps of the network that is trained with labels.</summary>
    public int SupervisedSteps { get; init; } = 2500;

    public static PhonemePlan For(SpeechSettings settings, SpeechData data)
    {
        PhonemePlan plan = (settings.Waveform, settings.Quick) switch
        {
            (false, false) => new(Steps: 3000, Context: 5, Regularization: 1.5e-5, ComparedUtterances: 40),
            (false, true) => new(Steps: 500, Context: 5, Regularization: 1e-4, ComparedUtterances: 10),
            (true, false) => new(Steps: 400, Context: 5, Regularization: 1e-4, ComparedUtterances: 10),
            (true, true) => new(Steps: 60, Context: 2, Regularization: 1e-4, ComparedUtterances: 4),
        };
        // More regularization for new voices, to avoid overfitting to the known ones.
        if (!data.KnownVoices)
            plan = plan with { Context = 3, Regularization = 1e-3 };
        return plan with { Steps = settings.Steps ?? plan.Steps, SupervisedSteps = settings.Quick ? 300 : plan.SupervisedSteps };
    }

    /// <summary>The preset for phonemes that fits the data.</summary>
    public AudioVqVaeOptions CodecOptions(SpeechData data, SpeechSettings settings)
    {
        AudioVqVaeOptions options = settings.Waveform ? AudioVqVaeOptions.Phonemes640x()
            // Known voices are normalized over all their utterances, new voices over a single utterance.
            : data.KnownVoices ? AudioVqVaeOptions.PhonemeFeatures()
            : AudioVqVaeOptions.PhonemeFeaturesOfNewSpeakers();
        if (data.KnownVoices)
        {
            options.SpeakerColumnName = SpeechPipeline.Voice;
            // Averages over less time: the accuracy of one code falls by 0.01, that of a window of codes rises by 0.01.
            if (options.Codec is MelCodecOptions mel)
                mel.TargetFrames = 12;
        }
        if (settings is { Waveform: true, Cuda: false })
            FitCpu(options, (WaveformCodecOptions)options.Codec);
        options.FeaturesColumnName = settings.References ? PhoneReferences.Column : null;
        options.Training.Steps = Steps;
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = settings.CheckpointFolder;
        return options;
    }

    /// <summary>A network that trains on a CPU in minutes: the paper's layers, but fewer and narrower.</summary>
    static void FitCpu(AudioVqVaeOptions options, WaveformCodecOptions codec)
    {
        codec.EncoderChannels = 64;
        codec.Decoder = new() { Blocks = 1, LayersPerBlock = 8, Channels = 32, SkipChannels = 64, ConditioningChannels = 64 };
        options.Training.BatchSize = 4;
        options.Training.LearningRate = 2e-3;
        options.Training.Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 30, holdUntilFraction: 0.5, finalFraction: 0.02);
        // A batch has fewer codes than the codebook and there are few batches: a faster decay and earlier restarts of unused codes.
        options.VectorQuantizer.Decay = 0.95;
        options.VectorQuantizer.RestartEverySteps = 10;
        options.VectorQuantizer.RestartBelow = 0.2;
    }
}
