using System.CommandLine;
using Verb = System.CommandLine.Command;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>The command line; `--help` after a command lists its options. docs/reliability.md says what the commands do.</summary>
internal static class Program
{
    static int Main(string[] arguments) =>
        new RootCommand("Damages files and kills training runs, and counts what goes wrong.") { Fuzz(), Kill(), Work(), Train() }
            .Parse(arguments).Invoke();

    static Verb Fuzz()
    {
        Option<int> cases = Number("--cases", "Number of files with damaged bytes.", 6000), workers = Number("--workers", "Processes.", 2);
        Option<int> seconds = Number("--seconds", "Limit of processor time of a case.", 20);
        Option<int> memory = Number("--megabytes", "Limit of memory of a case.", 2000);
        Option<int> minutes = Number("--minutes", "Stop after this time, with the cases done so far; 0 for no limit.", 0);
        (Option<int> seed, Option<int> leaves, Option<string[]> kinds) = (Seed(), Leaves(), Kinds());
        var command = new Verb("fuzz", "Reads damaged files of all kinds.")
        {
            cases, leaves, seed, kinds, workers, seconds, memory, minutes,
        };
        command.SetAction(parsed => InFolder(folder =>
        {
            FuzzReport report = Fuzzing.Run(new FuzzSettings
            {
                Folder = folder, Cases = parsed.GetValue(cases), LeafStep = parsed.GetValue(leaves), Seed = parsed.GetValue(seed),
                Kinds = parsed.GetValue(kinds) ?? [], Workers = parsed.GetValue(workers),
                TimeLimit = TimeSpan.FromSeconds(parsed.GetValue(seconds)), MemoryLimit = parsed.GetValue(memory),
                Duration = parsed.GetValue(minutes) > 0 ? TimeSpan.FromMinutes(parsed.GetValue(minutes)) : TimeSpan.MaxValue,
            }, Console.Out);
            report.WriteTable(Console.Out);
            return report.Faults.Any() ? 1 : 0;
        }));
        return command;
    }

    static Verb Kill()
    {
        Option<int> count = Number("--count", "Number of kills.", 100), seed = Seed();
        var command = new Verb("kill", "Kills training processes, and compares what resumed ones end in.") { count, seed };
        command.SetAction(parsed => InFolder(folder =>
        {
            KillReport report = Kills.Run(parsed.GetValue(count), parsed.GetValue(seed), folder, Console.Out);
            foreach (string error in report.Errors)
                Console.WriteLine(error);
            return report.Equal == report.Runs && report.Errors.Count == 0 ? 0 : 1;
        }));
        return command;
    }

    // The process of Fuzz that reads the mutants.
    static Verb Work()
    {
        var folder = new Option<string>("--folder") { Required = true };
        (Option<int> seed, Option<int> leaves, Option<string[]> kinds) = (Seed(), Leaves(), Kinds());
        var command = new Verb("worker") { folder, seed, leaves, kinds };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(folder)!;
            var cases = new FuzzCases(path, parsed.GetValue(seed), parsed.GetValue(leaves), parsed.GetValue(kinds) ?? []);
            new Worker(cases, path).Run(Console.In, Console.Out);
            return 0;
        });
        return command;
    }

    // The process of Kill that trains.
    static Verb Train()
    {
        var folder = new Option<string>("--folder") { Required = true };
        var command = new Verb("train") { folder };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            try
            {
                Kills.Train(parsed.GetValue(folder)!, Console.Out);
                return 0;
            }
            catch (Exception exception)
            {
                Console.WriteLine(exception);
                return 1;
            }
        });
        return command;
    }

    static int InFolder(Func<string, int> run)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vqvae-reliability-");
        try
        {
            return run(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static Option<int> Number(string name, string description, int value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    static Option<int> Seed() => Number("--seed", "The seed of all randomness.", 1);

    static Option<int> Leaves() => Number("--leaves", "Every how many of the extreme values in JSON texts are tried; 0 for none.", 1);

    static Option<string[]> Kinds() => new("--kind") { Description = "A kind of files, repeatable; all where there is none." };
}
