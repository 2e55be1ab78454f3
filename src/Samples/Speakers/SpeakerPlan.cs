using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Speakers;

/// <summary>The training budget.</summary>
/// <param name="Steps">Training steps of the codec.</param>
/// <param name="TestUtterances">The number of sentences per voice to convert.</param>
/// <param name="ClassifierShare">The fraction of the training data of each voice that the classifier of phones is trained on.</param>
internal sealed record SpeakerPlan(int Steps, int TestUtterances, double ClassifierShare)
{
    /// <summary>The number of recordings of other speakers to convert.</summary>
    public int SourceUtterances { get; init; } = 20;

    /// <summary>Training steps of the vocoder.</summary>
    public int VocoderSteps { get; init; } = 1_500;

    /// <summary>The number of sentences per voice that it makes sound of, in all voices.</summary>
    public int VocodedUtterances { get; init; } = 3;

    public static SpeakerPlan For(SpeechSettings settings)
    {
        SpeakerPlan plan = settings.Quick
            ? new(Steps: 350, TestUtterances: 3, ClassifierShare: 1)
            : new(Steps: 2500, TestUtterances: 12, ClassifierShare: 0.5);
        return plan with
        {
            Steps = settings.Steps ?? plan.Steps,
            SourceUtterances = settings.Quick ? 4 : plan.SourceUtterances,
            VocoderSteps = settings.Quick ? 40 : plan.VocoderSteps,
            VocodedUtterances = settings.Quick ? 1 : plan.VocodedUtterances,
        };
    }

    /// <summary>The training data of the classifier of phones: as much of each voice, since a table may list voice after voice.</summary>
    public IEnumerable<AlignedUtterance> ClassifierUtterances(SpeechData data) => data.Train.GroupBy(utterance => utterance.Speaker)
        .SelectMany(of => of.Take((int)Math.Ceiling(ClassifierShare * of.Count())));
}
