using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>How long to train. Steps are the same on every machine; minutes are not.</summary>
/// <param name="CodecSteps">Training steps of the codec.</param>
/// <param name="PriorSteps">Training steps of the prior: few, since in an hour of speech there is little that it could not learn by
/// heart.</param>
internal sealed record SpeechPriorPlan(int CodecSteps, int PriorSteps)
{
    /// <summary>How many utterances are made in each voice.</summary>
    public const int PerVoice = 3;

    public static SpeechPriorPlan For(SpeechSettings settings) =>
        settings.Quick ? new(CodecSteps: 250, PriorSteps: 150) : new(CodecSteps: 2000, PriorSteps: 300);

    /// <summary>The codec of the speakers sample, trained for as long as this plan says.</summary>
    public AudioVqVaeOptions CodecOptions(SpeechSettings settings) =>
        (SpeakerPlan.For(settings) with { Steps = CodecSteps }).CodecOptions(settings);

    /// <summary>A WaveNet that sees two and a half seconds.</summary>
    public PriorOptions PriorOptions(SpeechSettings settings) => new()
    {
        WaveNet = WaveNetPriorOptions.Fast(),
        Training = new()
        {
            LearningRate = 2e-3,
            BatchSize = 16,
            Steps = PriorSteps,
            Seed = settings.Seed,
            Schedule = LearningRateSchedule.WarmupHoldLinear(warmupSteps: 50, holdUntilFraction: 0.4, finalFraction: 0.02),
        },
    };
}
