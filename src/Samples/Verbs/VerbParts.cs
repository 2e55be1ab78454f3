using System.CommandLine;
using System.CommandLine.Parsing;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>What verbs have in common.</summary>
internal static class VerbParts
{
    public static Option<string> DeviceOption()
    {
        var device = new Option<string>("--device") { Description = "Where the network runs.", DefaultValueFactory = _ => "cpu" };
        device.AcceptOnlyFromAmong("cpu", "cuda");
        return device;
    }

    public static Option<int> SeedOption() =>
        new("--seed") { Description = "The same seed gives the same model again.", DefaultValueFactory = _ => 1 };

    public static Option<bool> QuickOption() =>
        new("--quick") { Description = "Fewer steps and rows: about a minute, and worse figures." };

    public static Option<string> OutputOption(string verb) =>
        new("--out") { Description = "Folder for the results.", DefaultValueFactory = _ => Path.Combine("out", verb) };

    public static Option<int?> StepsOption()
    {
        var steps = new Option<int?>("--steps") { Description = "Training steps of the codec. Default: chosen for the data set." };
        steps.Validators.Add(result => RequirePositive(result, result.GetValueOrDefault<int?>()));
        return steps;
    }

    public static Option<string?> CheckpointOption() =>
        new("--checkpoint") { Description = "Folder for checkpoints; a run that was stopped goes on from there." };

    public static void RequirePositive(OptionResult result, int? value)
    {
        if (value < 1)
            result.AddError($"{result.Option.Name} has to be 1 or more; found {value}.");
    }

    /// <summary>Errors that a user can act on are shown as one line; others with their stack, since they are ours.</summary>
    public static Task<int> Guarded(Func<int> work) => Task.Run(() =>
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
