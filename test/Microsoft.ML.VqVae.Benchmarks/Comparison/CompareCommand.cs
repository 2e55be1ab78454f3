using System.Globalization;
using Microsoft.ML.VqVae.Benchmarks.Limits;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Comparison;

/// <summary>The commands <c>compare</c> and <c>limits</c>.</summary>
internal static class CompareCommand
{
    /// <summary>Compares the library with plain TorchSharp, then both with single operators.</summary>
    /// <returns>The exit code: 0, or 1 where options are wrong or a model and its port differ.</returns>
    public static int Run(string[] arguments, TextWriter output, TextWriter log) => Guarded(log, () =>
    {
        CompareOptions options = CompareOptions.Parse(arguments);
        IReadOnlyList<ComparedWorkload> workloads = Measure(options, log);
        output.WriteLine(
            $"Milliseconds for one run, medians over the rounds ({options.Rounds}), on {get_num_threads()} threads. The ratio is library / "
            + "faster plain variant within a round: median (min … max); below 1 the library is faster.");
        Write(Times(workloads), output);
        WriteLimits(workloads, output);
    });

    /// <summary>Compares the workloads with single operators.</summary>
    /// <returns>As <see cref="Run"/>.</returns>
    public static int RunLimits(string[] arguments, TextWriter output, TextWriter log) =>
        Guarded(log, () => WriteLimits(Measure(CompareOptions.Parse(arguments), log), output));

    static int Guarded(TextWriter log, Action command)
    {
        try
        {
            command();
            return 0;
        }
        catch (Exception problem) when (problem is ArgumentException or InvalidOperationException)
        {
            log.WriteLine(problem.Message);
            return 1;
        }
    }

    static List<ComparedWorkload> Measure(CompareOptions options, TextWriter log)
    {
        var workloads = new List<ComparedWorkload>();
        foreach (string model in options.Models)
        {
            using var comparison = new ModelComparison(model);
            log.WriteLine(comparison.CheckEquality());
            workloads.AddRange(comparison.Measure(options.Rounds));
        }
        return workloads;
    }

    static Table Times(IReadOnlyList<ComparedWorkload> workloads)
    {
        var table = new Table(["model", "workload", "library", "plain", "plain channels-last", "ratio to the faster"]);
        foreach (ComparedWorkload workload in workloads)
        {
            IReadOnlyList<double> ratios = workload.Ratios;
            table.Add([
                workload.Model, workload.Workload, Milliseconds(workload.Library), Milliseconds(workload.Plain),
                Milliseconds(workload.ChannelsLast),
                FormattableString.Invariant($"{ComparedWorkload.Median(ratios):0.00} ({ratios[0]:0.00} … {ratios[^1]:0.00})"),
            ]);
        }
        return table;
    }

    static void WriteLimits(IReadOnlyList<ComparedWorkload> workloads, TextWriter output)
    {
        output.WriteLine(
            "GFLOP of one run, counted from layer shapes (convolutions and distances to codes; a training step is three times the forward "
            + "pass of its layers), and GFLOP/s: reached by the library and by the faster plain variant, then by a single operator of the "
            + "size of the layer with the most operations, forward.");
        Write(LimitsTable.Create(workloads), output);
        output.WriteLine(
            "Milliseconds of the layers of one run, each measured alone in its faster memory layout, training steps with the gradients of input "
            + "and weight: a limit for what is built of the same operators.");
        Write(LimitsTable.OfLayersAlone(workloads), output);
    }

    static void Write(Table table, TextWriter output)
    {
        output.WriteLine();
        table.WriteAligned(output);
        output.WriteLine();
        table.WriteMarkdown(output);
        output.WriteLine();
    }

    static string Milliseconds(IReadOnlyList<double> times) =>
        ComparedWorkload.Median(times).ToString("0.000", CultureInfo.InvariantCulture);
}
