using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Images;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>From pictures to codes and back.</summary>
internal static class ImagesVerb
{
    public static System.CommandLine.Command Create()
    {
        var data = new Option<string?>("--data")
        {
            Description = "CIFAR-10 binary files (*.bin), IDX files, or one subfolder of image files a class. Default: Fashion-MNIST.",
        };
        Option<int?> steps = VerbParts.StepsOption();
        Option<int> seed = VerbParts.SeedOption();
        Option<string> device = VerbParts.DeviceOption();
        Option<bool> quick = VerbParts.QuickOption();
        Option<string> output = VerbParts.OutputOption("images");
        var codes = new Option<int>("--codes-per-position")
        {
            Description = "Codes for each position of the grid.",
            DefaultValueFactory = _ => 1,
        };
        Option<string?> checkpoint = VerbParts.CheckpointOption();
        codes.Validators.Add(result => VerbParts.RequirePositive(result, result.GetValueOrDefault<int>()));

        var verb = new System.CommandLine.Command("images", "Trains a VQ-VAE on pictures, and a classifier on its codes.")
        {
            data, steps, seed, device, quick, output, codes, checkpoint,
        };
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() => new ImagesSample(
            new ImagesSettings
            {
                DataFolder = parsed.GetValue(data),
                Steps = parsed.GetValue(steps),
                Seed = parsed.GetValue(seed),
                Cuda = parsed.GetValue(device) == "cuda",
                Quick = parsed.GetValue(quick),
                OutputFolder = parsed.GetValue(output)!,
                CodesPerPosition = parsed.GetValue(codes),
                CheckpointFolder = parsed.GetValue(checkpoint),
            },
            AnsiConsole.Console,
            cancellation).Run()));
        return verb;
    }
}
