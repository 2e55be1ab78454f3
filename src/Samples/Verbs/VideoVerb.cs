using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Video;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>Video that goes on as the actions say.</summary>
internal static class VideoVerb
{
    public static System.CommandLine.Command Create()
    {
        var data = new Option<string?>("--data")
        {
            Description = "A folder of frame strips (*.png, square frames side by side) and actions.tsv (strip, frame, action). "
                + "Default: walks through Freedoom, played once by dsda-doom and kept in the cache.",
        };
        var steps = new Option<int?>("--codec-steps") { Description = "Training steps of the codec." };
        var priorSteps = new Option<int?>("--prior-steps") { Description = "Training steps of the prior." };
        Option<int> seed = VerbParts.SeedOption();
        Option<string> device = VerbParts.DeviceOption();
        Option<bool> quick = VerbParts.QuickOption();
        Option<string> output = VerbParts.OutputOption("video");
        var checkpoint = new Option<string?>("--checkpoint")
        {
            Description = "Folder for checkpoints; a run that was stopped goes on from there.",
        };
        steps.Validators.Add(result => VerbParts.RequirePositive(result, result.GetValueOrDefault<int?>()));
        priorSteps.Validators.Add(result => VerbParts.RequirePositive(result, result.GetValueOrDefault<int?>()));

        var verb = new System.CommandLine.Command("video", "Trains a VQ-VAE and an action-conditioned prior on video, and rolls it out.")
        {
            data, steps, priorSteps, seed, device, quick, output, checkpoint,
        };
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() => new VideoSample(
            new VideoSettings
            {
                DataFolder = parsed.GetValue(data),
                CodecSteps = parsed.GetValue(steps),
                PriorSteps = parsed.GetValue(priorSteps),
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
