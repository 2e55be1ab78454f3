using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Compare;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>Discrete codes against continuous latents.</summary>
internal static class CompareVerb
{
    public static System.CommandLine.Command Create()
    {
        var data = new Option<string?>("--data")
        {
            Description = "CIFAR-10 binary files (*.bin), IDX files, or one subfolder of image files a class. Default: Fashion-MNIST.",
        };
        var steps = new Option<int?>("--steps") { Description = "Training steps of each model. Default: chosen for the data set." };
        var samples = new Option<int?>("--samples")
        {
            Description = "Samples that VIMCO decodes of each image in a step; 50 in the paper. Default: 10, or 5 with --quick.",
        };
        Option<int> seed = VerbParts.SeedOption();
        Option<string> device = VerbParts.DeviceOption();
        Option<bool> quick = VerbParts.QuickOption();
        Option<string> output = VerbParts.OutputOption("compare");
        var codes = new Option<int>("--codes-per-position")
        {
            Description = "Codes for each position of the grid.",
            DefaultValueFactory = _ => 1,
        };
        steps.Validators.Add(result => VerbParts.RequirePositive(result, result.GetValueOrDefault<int?>()));
        codes.Validators.Add(result => VerbParts.RequirePositive(result, result.GetValueOrDefault<int>()));

        var verb = new System.CommandLine.Command("compare", "Compares a VQ-VAE with a Gaussian VAE and VIMCO, in bits per dimension.")
        {
            data, steps, samples, seed, device, quick, output, codes,
        };
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() => new CompareSample(
            new CompareSettings
            {
                DataFolder = parsed.GetValue(data),
                Steps = parsed.GetValue(steps),
                Samples = parsed.GetValue(samples),
                Seed = parsed.GetValue(seed),
                Cuda = parsed.GetValue(device) == "cuda",
                Quick = parsed.GetValue(quick),
                OutputFolder = parsed.GetValue(output)!,
                CodesPerPosition = parsed.GetValue(codes),
            },
            AnsiConsole.Console,
            cancellation).Run()));
        return verb;
    }
}
