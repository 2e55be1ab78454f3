using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Phonemes;
using Microsoft.ML.VqVae.Samples.Speakers;
using Microsoft.ML.VqVae.Samples.Speech;
using Microsoft.ML.VqVae.Samples.SpeechPrior;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>The commands whose data are speech.</summary>
internal static class SpeechVerbs
{
    // The library reads these files.
    const string Data =
        "A folder of WAV or NIST SPHERE files with a .TextGrid (Praat) or .PHN (TIMIT) file of the same name beside each, in the folder or "
        + "its subfolders, or with utterances.tsv and phones.tsv. The phones of a TextGrid are its tier 'phones', or its only tier. The "
        + "speaker is the name of the subfolder that a file lies in, as in DR1/FCJF0/SA1.WAV, or of an outer one with which the file's "
        + "name starts, as in 19/198/19-198-0001.wav; of a file in the folder itself, what precedes the first '_' or '-' of its name, or, "
        + "in a name without these, the name of the folder. Default: sentences of four synthesized voices.";

    const string Steps = "Training steps of the codec. Default: depends on --quick and the codec.";

    public static SampleVerb Phonemes()
    {
        var verb = new SampleVerb("phonemes", "Trains a VQ-VAE on speech without labels, and predicts phonemes from its codes.", Data);
        Option<string[]> labelled = verb.With<string[]>("--labelled",
            "A folder as for --data with other speakers, added to the training data. May be given several times.", []);
        Option<string[]> unlabelled = verb.With<string[]>("--unlabelled",
            "A folder of WAV, NIST SPHERE, FLAC, MP3 or Ogg Vorbis files, or a folder as for --data, that only the codec is trained on. "
            + "May be given several times.", []);
        Option<string> codec = verb.With("--codec", "Input of the codec: mel features, or waveforms as in the paper.", "mel");
        codec.AcceptOnlyFromAmong("mel", "waveform");
        Option<bool> references = verb.With("--references",
            "Compare the codes with k-means of the features that the codec encodes, and with a network that is trained with labels on "
            + "these features. Needs the mel codec.", false);
        references.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<bool>() && result.GetValue(codec) == "waveform")
                result.AddError("--references compares with features, and --codec waveform has none: leave one of them out.");
        });
        Option<int?> steps = verb.WithCount("--steps", Steps);
        Option<string?> checkpoint = verb.WithCheckpoint();
        return verb.Runs<SpeechSettings>((settings, parsed, cancellation) => new PhonemesSample(
            settings with
            {
                LabelledFolders = parsed.GetValue(labelled)!,
                UnlabelledFolders = parsed.GetValue(unlabelled)!,
                Waveform = parsed.GetValue(codec) == "waveform",
                References = parsed.GetValue(references),
                Steps = parsed.GetValue(steps),
                CheckpointFolder = parsed.GetValue(checkpoint),
            },
            cancellation).Run());
    }

    public static SampleVerb Speakers()
    {
        var verb = new SampleVerb(
            "speakers", "Trains a VQ-VAE on several voices, and converts sentences of each voice to the others.", Data);
        Option<string?> source = verb.With("--source",
            "A folder of other speakers, whose sentences are converted to the voices too: recordings with phones, as for --data, or WAV, "
            + "NIST SPHERE, FLAC, MP3 or Ogg Vorbis files.");
        Option<bool> vocoder = verb.With("--vocoder",
            "Train a WaveNet that makes sound of the decoded frames too, and compare it with the Griffin-Lim algorithm.", false);
        Option<int?> steps = verb.WithCount("--steps", Steps);
        Option<string?> checkpoint = verb.WithCheckpoint();
        return verb.Runs<SpeechSettings>((settings, parsed, cancellation) => new SpeakersSample(
            settings with
            {
                SourceFolder = parsed.GetValue(source),
                Vocoder = parsed.GetValue(vocoder),
                Steps = parsed.GetValue(steps),
                CheckpointFolder = parsed.GetValue(checkpoint),
            },
            cancellation).Run());
    }

    public static SampleVerb SpeechPrior()
    {
        var verb = new SampleVerb(
            "speech-prior", "Trains a prior over the codes of speech, and samples new utterances of each voice.", Data);
        return verb.Runs<SpeechSettings>((settings, _, cancellation) => new SpeechPriorSample(settings, cancellation).Run());
    }
}
