using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>The end of a case, a line of text between processes. The time is that of the processor.</summary>
internal sealed record CaseReport(int Number, Verdict Verdict, long Milliseconds, long PeakMegabytes, string Text)
{
    public string ToLine() => string.Create(CultureInfo.InvariantCulture,
        $"{Number}\t{Verdict}\t{Milliseconds}\t{PeakMegabytes}\t{Text.ReplaceLineEndings(" | ")}");

    public static CaseReport? Parse(string line)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        string[] cells = line.Split('\t', 5);
        return cells.Length == 5 && int.TryParse(cells[0], culture, out int number) && Enum.TryParse(cells[1], out Verdict verdict)
            ? new(number, verdict, long.Parse(cells[2], culture), long.Parse(cells[3], culture), cells[4])
            : null;
    }
}

/// <summary>Runs the cases whose numbers it reads, in a process of its own, since a case may end or exhaust it.</summary>
internal sealed class Worker(FuzzCases cases, string folder)
{
    readonly Dictionary<FileKind, ReadResult> _expected = [];
    readonly string _scratch = Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName())).FullName;

    public void Run(TextReader numbers, TextWriter reports)
    {
        try
        {
            while (numbers.ReadLine() is string line)
            {
                reports.WriteLine(Run(int.Parse(line, CultureInfo.InvariantCulture)).ToLine());
                reports.Flush();
            }
        }
        finally
        {
            Directory.Delete(_scratch, recursive: true);
        }
    }

    CaseReport Run(int number)
    {
        (FileKind kind, Mutant mutant) = cases.Case(number);
        string path = Path.Combine(_scratch, "mutant" + kind.Extension);
        ReadResult expected = Expected(kind);
        File.WriteAllBytes(path, mutant.Bytes);
        ProcessMemory.ResetPeak();
        TimeSpan begin = Environment.CpuUsage.TotalTime;
        (Verdict verdict, string text) = Read(kind, mutant, path, expected);
        long milliseconds = (long)(Environment.CpuUsage.TotalTime - begin).TotalMilliseconds;
        return new CaseReport(number, verdict, milliseconds, ProcessMemory.PeakMegabytes(Environment.ProcessId), text);
    }

    (Verdict, string) Read(FileKind kind, Mutant mutant, string path, ReadResult expected)
    {
        try
        {
            return (Judge.Of(kind.Read(path, _scratch), expected, kind, mutant), "");
        }
        catch (Exception exception)
        {
            return Judge.Of(exception, path);
        }
    }

    // What the good file gives in this process.
    ReadResult Expected(FileKind kind)
    {
        if (_expected.TryGetValue(kind, out ReadResult? expected))
            return expected;
        string path = Path.Combine(_scratch, "good" + kind.Extension);
        File.WriteAllBytes(path, cases.GoodFile(kind));
        return _expected[kind] = kind.Read(path, _scratch);
    }
}

/// <summary>The memory of processes, as Linux counts it; elsewhere what .NET knows.</summary>
internal static class ProcessMemory
{
    const long Megabyte = 1 << 20;

    /// <summary>Has this process count its peak from now on.</summary>
    public static void ResetPeak()
    {
        if (OperatingSystem.IsLinux())
            File.WriteAllText("/proc/self/clear_refs", "5");
    }

    public static long PeakMegabytes(int process)
    {
        if (!OperatingSystem.IsLinux())
            return Process.GetProcessById(process).PeakWorkingSet64 / Megabyte;
        return StatusMegabytes(process, "VmHWM:");
    }

    public static long NowMegabytes(int process) => OperatingSystem.IsLinux()
        ? StatusMegabytes(process, "VmRSS:") : Process.GetProcessById(process).WorkingSet64 / Megabyte;

    static long StatusMegabytes(int process, string field)
    {
        string? line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"))
            .FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.AsSpan(field.Length).TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) / 1024;
    }
}
