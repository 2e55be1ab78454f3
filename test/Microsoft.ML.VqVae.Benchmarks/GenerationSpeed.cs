using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>How fast waveforms are generated sample by sample, against real time at 16,000 samples a second, and against a pass over the
/// receptive field for each sample.</summary>
internal static class GenerationSpeed
{
    const int Rounds = 15;
    const double SamplesPerSecond = 16_000;

    public static void Run(int[] batches, TextWriter output)
    {
        WaveNetSize size = WaveNetSize.Decoder;
        using var work = new WaveNetWorkloads(size);
        output.WriteLine("| rows | µs a sample | real time × | processor µs a sample | real time × on a core of its own | naive / cached |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (int batch in batches)
        {
            double samples = size.Length * batch;
            (double Wall, double Processor) cached = Measure(Rounds, () => work.Generate(batch));
            (double Wall, double Processor) naive = Measure(5, () => work.Pass(batch, 1));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {batch} | {cached.Wall / samples:0.0} | {Factor(cached.Wall):0.00} | {cached.Processor / samples:0.0} | " +
                $"{Factor(cached.Processor):0.00} | {size.Length * naive.Processor / cached.Processor:0} |"));

            double Factor(double microseconds) => samples / SamplesPerSecond / (microseconds / 1e6);
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Cached: {size.Length} samples a row, median of {Rounds} runs. Naive: a pass over {size.Length} samples a row for each sample, " +
            $"median of five passes; their ratio is of processor time."));
    }

    /// <summary>Microseconds of the clock and of all processors, medians, after a run that does not count.</summary>
    static (double Wall, double Processor) Measure(int rounds, Action work)
    {
        work();
        (double Wall, double Processor)[] times = Enumerable.Range(0, rounds).Select(_ =>
        {
            (long clock, TimeSpan processor) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            work();
            return (Wall: Stopwatch.GetElapsedTime(clock).TotalMicroseconds,
                Processor: (Environment.CpuUsage.TotalTime - processor).TotalMicroseconds);
        }).ToArray();
        return (times.Select(time => time.Wall).Order().ElementAt(rounds / 2),
            times.Select(time => time.Processor).Order().ElementAt(rounds / 2));
    }
}
