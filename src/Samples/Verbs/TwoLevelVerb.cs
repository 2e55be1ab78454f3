using System.CommandLine;
using Microsoft.ML.VqVae.Samples.TwoLevel;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>Whole pictures in a handful of codes.</summary>
internal static class TwoLevelVerb
{
    public static System.CommandLine.Command Create()
    {
        var data = new Option<string?>("--data")
        {
            Description = "CIFAR-10 binary files (*.bin), IDX files, or one subfolder of image files a class. Default: Fashion-MNIST.",
        };
        var model = new Option<string?>("--model")
        {
            Description = "A model.zip of the images sample, whose codec is the first level. Default: a codec is trained.",
        };
        var latents = new Option<int>("--latents") { Description = "How many codes a picture is to be.", DefaultValueFactory = _ => 3 };
        var steps = new Option<int?>("--steps") { Description = "Training steps of the second level. Default: 1500, with --quick 250." };
        Option<int> seed = VerbParts.SeedOption();
        Option<string> device = VerbParts.DeviceOption();
        Option<bool> quick = VerbParts.QuickOption();
        Option<string> output = VerbParts.OutputOption("two-level");
        latents.Validators.Add(result => VerbParts.RequirePositive(result, result.GetValueOrDefault<int>()));
        steps.Validators.Add(result => VerbParts.RequirePositive(result, result.GetValueOrDefault<int?>()));

        var verb = new System.CommandLine.Command(
            "two-level", "Trains a second VQ-VAE on the codes of the first, and shows what three codes know of a picture.")
        {
            data, model, latents, steps, seed, device, quick, output,
        };
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() => new TwoLevelSample(
            new TwoLevelSettings
            {
                DataFolder = parsed.GetValue(data),
                ModelFile = parsed.GetValue(model),
                Latents = parsed.GetValue(latents),
                Steps = parsed.GetValue(steps),
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
