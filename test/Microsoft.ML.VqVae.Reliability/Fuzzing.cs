using System.Collections.Concurrent;
using System.Globalization;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>The settings of a run over damaged files.</summary>
internal sealed record FuzzSettings
{
    /// <summary>The folder of the good files and of the processes' mutants.</summary>
    public required string Folder { get; init; }

    /// <summary>Number of files with damaged bytes.</summary>
    public int Cases { get; init; } = 6000;

    /// <summary>Every how many of the extreme values in JSON texts are tried; 1 for all, 0 for none.</summary>
    public int LeafStep { get; init; } = 1;

    public int Seed { get; init; } = 1;

    public int Workers { get; init; } = 2;

    /// <summary>The names of kinds of files; all where there are none.</summary>
    public IReadOnlyCollection<string> Kinds { get; init; } = [];

    /// <summary>Time of the processor for a case.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>In megabytes; a process that has loaded libtorch takes some 400.</summary>
    public long MemoryLimit { get; init; } = 2000;

    /// <summary>Stop after this time, with the cases done so far.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.MaxValue;
}

/// <summary>Reads mutants of all kinds of files in other processes, and counts the ends.</summary>
internal static class Fuzzing
{
    public static FuzzReport Run(FuzzSettings settings, TextWriter log)
    {
        var cases = new FuzzCases(settings.Folder, settings.Seed, settings.LeafStep, settings.Kinds);
        int total = cases.Leaves + settings.Cases, next = -1, done = 0;
        log.WriteLine(Text($"{total} cases: {cases.Leaves} values in JSON texts, {settings.Cases} files with damaged bytes, ")
            + Text($"of {cases.Kinds.Count} kinds of files."));
        // A stride that is coprime to the number of cases mixes the kinds, so that a run that is stopped has seen all of them.
        long stride = Coprime(total);
        DateTime end = settings.Duration == TimeSpan.MaxValue ? DateTime.MaxValue : DateTime.UtcNow + settings.Duration;
        var reports = new ConcurrentQueue<(string Kind, bool IsLeaf, string Mutant, CaseReport Report)>();
        Thread[] threads = [.. Enumerable.Range(0, settings.Workers).Select(_ => new Thread(Work))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return new FuzzReport([.. reports]);

        void Work()
        {
            using var worker = new WorkerProcess(settings);
            while (DateTime.UtcNow < end && Interlocked.Increment(ref next) is int place && place < total)
            {
                int number = (int)(place * stride % total);
                CaseReport report = worker.Run(number);
                (FileKind kind, Mutant mutant) = cases.Case(number);
                reports.Enqueue((kind.Name, number < cases.Leaves, mutant.Text, report));
                if (FuzzReport.IsFault(report.Verdict))
                {
                    lock (log)
                    {
                        log.WriteLine(Text($"{report.Verdict}, case {number}, {kind.Name}, {mutant.Text}, {report.Milliseconds} ms: ")
                            + report.Text);
                    }
                }
                if (Interlocked.Increment(ref done) % 500 == 0)
                {
                    lock (log)
                        log.WriteLine(Text($"{done} of {total}"));
                }
            }
        }
    }

    static long Coprime(int total)
    {
        long stride = Math.Max(1, (long)(total * 0.618));
        while (System.Numerics.BigInteger.GreatestCommonDivisor(stride, total) > 1)
            stride++;
        return stride;
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The ends of all cases of a run.</summary>
internal sealed class FuzzReport(IReadOnlyList<(string Kind, bool IsLeaf, string Mutant, CaseReport Report)> cases)
{
    public static bool IsFault(Verdict verdict) => verdict is Verdict.UnclearError or Verdict.SilentDifference or Verdict.LostRows
        or Verdict.TooMuchMemory or Verdict.Hang or Verdict.Crash;

    public int Count => cases.Count;

    public int CountOf(Verdict verdict) => cases.Count(one => one.Report.Verdict == verdict);

    public IEnumerable<string> Faults => cases.Where(one => IsFault(one.Report.Verdict))
        .Select(one => $"{one.Report.Verdict}: {one.Kind}, {one.Mutant}: {one.Report.Text}");

    /// <summary>A table in Markdown: a row for each kind of file and kind of mutation.</summary>
    public void WriteTable(TextWriter writer)
    {
        Verdict[] verdicts = Enum.GetValues<Verdict>();
        writer.WriteLine($"| files | cases | {string.Join(" | ", verdicts)} | slowest, ms | most memory, MB |");
        writer.WriteLine($"|---|---|{string.Concat(verdicts.Select(_ => "---|"))}---|---|");
        var groups = cases.ToLookup(one => one.Kind + (one.IsLeaf ? ", JSON" : ", bytes"), one => one.Report);
        foreach (IGrouping<string, CaseReport> group in groups.OrderBy(group => group.Key, StringComparer.Ordinal))
            WriteRow(group.Key, [.. group]);
        WriteRow("all", [.. cases.Select(one => one.Report)]);

        void WriteRow(string name, CaseReport[] reports)
        {
            IEnumerable<string> counts = verdicts.Select(verdict => Number(reports.Count(report => report.Verdict == verdict)));
            writer.WriteLine($"| {name} | {Number(reports.Length)} | {string.Join(" | ", counts)} | "
                + $"{Number(reports.Max(report => report.Milliseconds))} | {Number(reports.Max(report => report.PeakMegabytes))} |");
        }

        static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
