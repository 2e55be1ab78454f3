using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Verbs;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>One verb a capability, each in a file under Verbs; `--help` after any of them lists its options.</summary>
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
        var root = new RootCommand("Samples of Microsoft.ML.VqVae: discrete codes for ML.NET.")
        {
            ImagesVerb.Create(),
            CompareVerb.Create(),
            GenerateVerb.Create(),
            TwoLevelVerb.Create(),
            PredictVerb.Create(),
            PhonemesVerb.Create(),
            PhonemesVerb.CreateSecondProcess(),
            SpeakersVerb.Create(),
            SpeechPriorVerb.Create(),
            VideoVerb.Create(),
        };
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null };
        return await root.Parse(arguments).InvokeAsync(configuration, cancellation.Token);
    }
}
