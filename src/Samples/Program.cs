using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.ML.VqVae.Samples.Images;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>One verb a capability; `--help` after any of them lists its options.</summary>
internal static class Program
{
    static async Task<int> Main(string[] arguments)
    {
        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first Ctrl+C lets the work stop between two steps and write its checkpoint; the second ends the process.
            pressed.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        };
        var root = new RootCommand("Samples of Microsoft.ML.VqVae: discrete codes for ML.NET.") { ImagesVerb(), PredictVerb() };
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null };
        return await root.Parse(arguments).InvokeAsync(configuration, cancellation.Token);
    }

    static System.CommandLine.Command ImagesVerb()
    {
        var data = new Option<string?>("--data")
        {
            Description = "CIFAR-10 binary files (*.bin), IDX files, or one subfolder of image files a class. Default: Fashion-MNIST.",
        };
        var steps = new Option<int?>("--steps") { Description = "Training steps of the codec. Default: chosen for the data set." };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same model again.", DefaultValueFactory = _ => 1 };
        Option<string> device = DeviceOption();
        var quick = new Option<bool>("--quick") { Description = "Fewer steps and rows: about a minute, and worse figures." };
        var output = new Option<string>("--out")
        {
            Description = "Folder for the results.",
            DefaultValueFactory = _ => Path.Combine("out", "images"),
        };
        var codes = new Option<int>("--codes-per-position")
        {
            Description = "Codes for each position of the grid.",
            DefaultValueFactory = _ => 1,
        };
        var checkpoint = new Option<string?>("--checkpoint")
        {
            Description = "Folder for checkpoints; a run that was stopped goes on from there.",
        };
        steps.Validators.Add(result => RequirePositive(result, result.GetValueOrDefault<int?>()));
        codes.Validators.Add(result => RequirePositive(result, result.GetValueOrDefault<int>()));

        var verb = new System.CommandLine.Command("images", "Trains a VQ-VAE on pictures, and a classifier on its codes.")
        {
            data, steps, seed, device, quick, output, codes, checkpoint,
        };
        verb.SetAction((parsed, cancellation) => Guarded(() => new ImagesSample(
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

    /// <summary>The second process of the images sample: knows nothing but the model file and the data.</summary>
    static System.CommandLine.Command PredictVerb()
    {
        var model = new Option<string>("--model") { Description = "A model.zip of the images sample.", Required = true };
        var data = new Option<string?>("--data") { Description = "As for images." };
        var rows = new Option<int>("--rows") { Description = "How many of the test rows.", DefaultValueFactory = _ => int.MaxValue };
        var output = new Option<string>("--out") { Description = "The file to write.", Required = true };
        Option<string> device = DeviceOption();
        var verb = new System.CommandLine.Command("predict", "Loads a model and writes its predictions for the test rows.")
        {
            model, data, rows, output, device,
        };
        verb.Hidden = true;
        verb.SetAction((parsed, cancellation) => Guarded(() =>
        {
            var ml = new MLContext { GpuDeviceId = parsed.GetValue(device) == "cuda" ? 0 : null };
            ITransformer chain = ml.Model.Load(parsed.GetValue(model)!, out _);
            ImageData images = ImageDataSets.Open(ml, parsed.GetValue(data));
            File.WriteAllLines(parsed.GetValue(output)!, Predictions.Lines(ml, chain, images.Test, parsed.GetValue(rows)));
            return 0;
        }));
        return verb;
    }

    static Option<string> DeviceOption()
    {
        var device = new Option<string>("--device") { Description = "Where the network runs.", DefaultValueFactory = _ => "cpu" };
        device.AcceptOnlyFromAmong("cpu", "cuda");
        return device;
    }

    static void RequirePositive(OptionResult result, int? value)
    {
        if (value < 1)
            result.AddError($"{result.Option.Name} has to be 1 or more; found {value}.");
    }

    /// <summary>Errors that a user can act on are shown as one line; others with their stack, since they are ours.</summary>
    static Task<int> Guarded(Func<int> work) => Task.Run(() =>
    {
        try
        {
            return work();
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Cancelled.");
            return 130;
        }
        catch (Exception error) when (error is DataSetException or ArgumentException or InvalidOperationException or IOException
            or InvalidDataException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"error: {error.Message}");
            return 1;
        }
    });
}
