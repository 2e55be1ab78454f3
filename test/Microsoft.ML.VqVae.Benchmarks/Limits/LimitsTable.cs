using System.Globalization;
using Microsoft.ML.VqVae.Benchmarks.Comparison;
using Microsoft.ML.VqVae.Benchmarks.Plain;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Limits;

/// <summary>The speed that workloads reach, beside that of single operators of the size of their dominant layer.</summary>
internal static class LimitsTable
{
    static readonly string[] Header =
    [
        "model", "workload", "GFLOP", "library", "plain", "dominant layer", "convolution", "channels-last", "BFloat16",
        "BFloat16 channels-last", "mm", "mm BFloat16",
    ];

    public static Table Create(IReadOnlyList<ComparedWorkload> workloads)
    {
        var table = new Table(Header);
        var speeds = new Dictionary<string, string[]>();
        foreach (ComparedWorkload workload in workloads)
        {
            LayerWork dominant = workload.Layers.MaxBy(layer => layer.Operations)
                ?? throw new InvalidOperationException(
                    $"{workload.Model} {workload.Workload}: the workload passes through no convolution and no codebook to count.");
            if (!speeds.TryGetValue($"{dominant}", out string[]? speed))
                speeds[$"{dominant}"] = speed = Speeds(dominant);
            double operations = workload.Operations;
            table.Add([
                workload.Model, workload.Workload, Number(operations / 1e9, "0.###"),
                Number(operations / 1e6 / ComparedWorkload.Median(workload.Library)),
                Number(operations / 1e6 / ComparedWorkload.Median(workload.FasterPlain)), $"{dominant}", .. speed,
            ]);
        }
        return table;
    }

    /// <summary>The times of workloads beside those of their layers alone, each measured as a single operator in its faster memory layout: what
    /// no arrangement of the same operators can be faster than.</summary>
    public static Table OfLayersAlone(IReadOnlyList<ComparedWorkload> workloads)
    {
        var table = new Table(["model", "workload", "library", "faster plain", "its layers alone", "layers / plain"]);
        foreach (ComparedWorkload workload in workloads)
        {
            bool training = IWorkloads.IsTraining(workload.Workload);
            ScalarType type = workload.Workload == IWorkloads.TrainInBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
            double alone = workload.Layers.GroupBy(layer => $"{layer}")
                .Sum(alike => alike.Count() * OperatorSpeed.Milliseconds(alike.First(), type, training));
            double plain = ComparedWorkload.Median(workload.FasterPlain);
            table.Add([
                workload.Model, workload.Workload, Number(ComparedWorkload.Median(workload.Library), "0.00"), Number(plain, "0.00"),
                Number(alone, "0.00"), Number(alone / plain, "0.00"),
            ]);
        }
        return table;
    }

    static string[] Speeds(LayerWork layer) =>
    [
        Number(OperatorSpeed.OfConvolution(layer, ScalarType.Float32, MemoryLayout.Contiguous)),
        Number(OperatorSpeed.OfConvolution(layer, ScalarType.Float32, MemoryLayout.ChannelsLast)),
        Number(OperatorSpeed.OfConvolution(layer, ScalarType.BFloat16, MemoryLayout.Contiguous)),
        Number(OperatorSpeed.OfConvolution(layer, ScalarType.BFloat16, MemoryLayout.ChannelsLast)),
        Number(OperatorSpeed.OfProduct(layer, ScalarType.Float32)),
        Number(OperatorSpeed.OfProduct(layer, ScalarType.BFloat16)),
    ];

    static string Number(double? value, string format = "0") => value?.ToString(format, CultureInfo.InvariantCulture) ?? "–";
}
