using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>A process that runs cases. Where it ends, hangs or takes too much memory, another one takes its place.</summary>
internal sealed class WorkerProcess(FuzzSettings settings) : IDisposable
{
    const int WaitFactor = 15;

    Process? _process;
    Task<string?>? _line;
    string _error = "";

    /// <summary>Runs a case, within the limits of time and memory.</summary>
    public CaseReport Run(int number)
    {
        Process process = _process ??= Start();
        Stopwatch time = Stopwatch.StartNew();
        TimeSpan begin = ProcessorTime(process);
        try
        {
            process.StandardInput.WriteLine(number.ToString(CultureInfo.InvariantCulture));
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            return End(number, Verdict.Crash, time, "The process ended between cases.");
        }
        // Libraries may write lines of their own.
        while (true)
        {
            _line ??= process.StandardOutput.ReadLineAsync();
            while (!_line.Wait(20))
            {
                // On a busy machine a case may wait long; one that waits for itself uses no time of the processor.
                if (ProcessorTime(process) - begin > settings.TimeLimit || time.Elapsed > WaitFactor * settings.TimeLimit)
                    return End(number, Verdict.Hang, time, $"Not done after {settings.TimeLimit.TotalSeconds} s.");
                long memory = Memory(process);
                if (memory > 2 * settings.MemoryLimit)
                    return End(number, Verdict.TooMuchMemory, time, $"{memory} MB, stopped.", memory);
            }
            string? line = _line.Result;
            _line = null;
            if (line is null)
            {
                process.WaitForExit(5000);
                string code = process.HasExited ? string.Create(CultureInfo.InvariantCulture, $" with code {process.ExitCode}") : "";
                return End(number, Verdict.Crash, time, $"The process ended{code}. {_error}");
            }
            if (CaseReport.Parse(line) is not CaseReport report || report.Number != number)
                continue;
            return report.PeakMegabytes > settings.MemoryLimit
                ? report with { Verdict = Verdict.TooMuchMemory, Text = $"{report.PeakMegabytes} MB, {report.Verdict}. {report.Text}" }
                : report;
        }
    }

    public void Dispose() => Stop();

    CaseReport End(int number, Verdict verdict, Stopwatch time, string text, long memory = 0)
    {
        Stop();
        return new CaseReport(number, verdict, time.ElapsedMilliseconds, memory, text);
    }

    static TimeSpan ProcessorTime(Process process)
    {
        try
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            // It has just ended.
            return TimeSpan.Zero;
        }
    }

    static long Memory(Process process)
    {
        try
        {
            return ProcessMemory.NowMegabytes(process.Id);
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or ArgumentException)
        {
            // It has just ended.
            return 0;
        }
    }

    void Stop()
    {
        if (_process is null)
            return;
        _process.StandardInput.Close();
        if (!_process.WaitForExit(500))
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        (_process, _line) = (null, null);
    }

    Process Start() => Child.Start(line => _error = line.Length > 0 ? line : _error,
    [
        "worker", "--folder", settings.Folder, "--seed", settings.Seed.ToString(CultureInfo.InvariantCulture),
        "--leaves", settings.LeafStep.ToString(CultureInfo.InvariantCulture),
        .. settings.Kinds.SelectMany(kind => (string[])["--kind", kind]),
    ]);
}

/// <summary>Starts this program again.</summary>
internal static class Child
{
    public static Process Start(Action<string>? error, params string[] arguments)
    {
        string? host = Environment.ProcessPath;
        var start = new ProcessStartInfo(host is not null && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string program = Path.Combine(AppContext.BaseDirectory, "Microsoft.ML.VqVae.Reliability.dll");
        foreach (string argument in (string[])["exec", program, .. arguments])
            start.ArgumentList.Add(argument);
        // Two processes with a pool of threads each would wait for each other.
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        Process process = Process.Start(start)!;
        // Read, so that the process does not wait; what ended it stands in its own messages.
        process.ErrorDataReceived += (_, data) => error?.Invoke(data.Data ?? "");
        process.BeginErrorReadLine();
        return process;
    }
}
