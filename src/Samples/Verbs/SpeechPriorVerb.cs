using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Speech;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>Speech that nobody said, from a prior over codes.</summary>
internal static class SpeechPriorVerb
{
    public static System.CommandLine.Command Create()
    {
        var data = new Option<string?>("--data")
        {
            Description = SpeechSettings.DataDescription,
        };
        Option<int> seed = VerbParts.SeedOption();
        Option<string> device = VerbParts.DeviceOption();
        Option<bool> quick = VerbParts.QuickOption();
        Option<string> output = VerbParts.OutputOption("speech-prior");
        var verb = new System.CommandLine.Command(
            "speech-prior", "Trains a prior over the codes of speech, and makes utterances in each voice that nobody said.")
        {
            data, seed, device, quick, output,
        };
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() => new SpeechPriorSample(
            new SpeechSettings
            {
                DataFolder = parsed.GetValue(data),
                Seed = parsed.GetValue(seed),
                Cuda = parsed.GetValue(device) == "cuda",
                Quick = parsed.GetValue(quick),
                OutputFolder = parsed.GetValue(output)!,
            },
            AnsiConsole.Console,
            cancellation).Run()));
        return verb;
    }
}
