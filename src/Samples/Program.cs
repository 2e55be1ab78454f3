using System.CommandLine;
using Microsoft.ML.VqVae.Samples.Verbs;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>The command line: one command per sample; `--help` after a command lists its options.</summary>
internal static class Program
{
    static async Task<int> Main(string[] arguments)
    {
        using var cancellation = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first Ctrl+C stops after the current step, so that a checkpoint can be written; the second ends the process.
            pressed.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        };
        var configuration = new InvocationConfiguration { ProcessTerminationTimeout = null };
        return await Root().Parse(arguments).InvokeAsync(configuration, cancellation.Token);
    }

    /// <summary>The commands. Without one of them, the program lists them.</summary>
    internal static RootCommand Root()
    {
        var root = new RootCommand("Samples of Microsoft.ML.VqVae: discrete codes for ML.NET.")
        {
            ImageVerbs.Images(),
            ImageVerbs.Compare(),
            ImageVerbs.Generate(),
            ImageVerbs.TwoLevel(),
            ImageVerbs.Features(),
            PredictionVerb.OfImages(),
            SpeechVerbs.Phonemes(),
            PredictionVerb.OfPhones(),
            SpeechVerbs.Speakers(),
            SpeechVerbs.SpeechPrior(),
            VideoVerb.Create(),
            ImageVerbs.Compress(),
            ImageVerbs.Decompress(),
            ImageVerbs.Anomalies(),
            new EncodeVerb(),
        };
        root.SetAction(parsed =>
        {
            foreach (System.CommandLine.Command verb in root.Subcommands)
                parsed.InvocationConfiguration.Output.WriteLine($"{verb.Name,-16} {verb.Description}");
        });
        return root;
    }
}
