using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Speech;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>One speaker's words in another's voice.</summary>
internal static class SpeakersVerb
{
    public static System.CommandLine.Command Create()
    {
        var data = new Option<string?>("--data")
        {
            Description = SpeechSettings.DataDescription,
        };
        Option<int?> steps = VerbParts.StepsOption();
        Option<int> seed = VerbParts.SeedOption();
        Option<string> device = VerbParts.DeviceOption();
        Option<bool> quick = VerbParts.QuickOption();
        Option<string> output = VerbParts.OutputOption("speakers");
        Option<string?> checkpoint = VerbParts.CheckpointOption();
        var verb = new System.CommandLine.Command("speakers", "Trains a VQ-VAE on voices, and says sentences of each in the others.")
        {
            data, steps, seed, device, quick, output, checkpoint,
        };
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() => new SpeakersSample(
            new SpeechSettings
            {
                DataFolder = parsed.GetValue(data),
                Steps = parsed.GetValue(steps),
                Seed = parsed.GetValue(seed),
                Cuda = parsed.GetValue(device) == "cuda",
                Quick = parsed.GetValue(quick),
                OutputFolder = parsed.GetValue(output)!,
                CheckpointFolder = parsed.GetValue(checkpoint),
            },
            AnsiConsole.Console,
            cancellation).Run()));
        return verb;
    }
}
