using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Generation;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>New pictures from a prior over codes.</summary>
internal static class GenerateVerb
{
    public static System.CommandLine.Command Create()
    {
        var data = new Option<string?>("--data")
        {
            Description = "CIFAR-10 binary files (*.bin), IDX files, or one subfolder of image files a class. Default: Fashion-MNIST.",
        };
        var model = new Option<string?>("--model")
        {
            Description = "A model.zip of the images sample, whose codec is taken. Default: a codec is trained.",
        };
        var perClass = new Option<int?>("--per-class")
        {
            Description = "How many pictures of each class are made. Default: 50, with --quick 20.",
        };
        Option<int> seed = VerbParts.SeedOption();
        Option<string> device = VerbParts.DeviceOption();
        Option<bool> quick = VerbParts.QuickOption();
        Option<string> output = VerbParts.OutputOption("generate");
        perClass.Validators.Add(result => VerbParts.RequirePositive(result, result.GetValueOrDefault<int?>()));

        var verb = new System.CommandLine.Command(
            "generate", "Trains a prior over the codes of pictures, makes new pictures of each class, and completes given ones.")
        {
            data, model, perClass, seed, device, quick, output,
        };
        verb.SetAction((parsed, cancellation) => VerbParts.Guarded(() => new GenerateSample(
            new GenerateSettings
            {
                DataFolder = parsed.GetValue(data),
                ModelFile = parsed.GetValue(model),
                PerClass = parsed.GetValue(perClass),
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
