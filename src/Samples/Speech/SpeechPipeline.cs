using Microsoft.ML.VqVae.Audio;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>The first part of every pipeline over speech, and the codec of several voices.</summary>
internal static class SpeechPipeline
{
    /// <summary>The key column of the speakers.</summary>
    public const string Voice = "Voice";

    /// <summary>Loads the audio files and maps the speakers to keys.</summary>
    public static IEstimator<ITransformer> Audio(MLContext ml) =>
        ml.Transforms.VqVae.LoadAudio(
                "Waveform", nameof(AlignedUtterance.AudioPath), startColumnName: nameof(AlignedUtterance.Start),
                lengthColumnName: nameof(AlignedUtterance.Length))
            .Append(ml.Transforms.Conversion.MapValueToKey(Voice, nameof(AlignedUtterance.Speaker)));

    /// <summary>The MelSpeech preset, conditioned on the speaker.</summary>
    public static AudioVqVaeOptions CodecOptions(SpeechSettings settings, int steps)
    {
        AudioVqVaeOptions options = AudioVqVaeOptions.MelSpeech();
        options.SpeakerColumnName = Voice;
        options.Training.Steps = steps;
        options.Training.Seed = settings.Seed;
        options.Training.CheckpointFolder = settings.CheckpointFolder;
        return options;
    }
}
