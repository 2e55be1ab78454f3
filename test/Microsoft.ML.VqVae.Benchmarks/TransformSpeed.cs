using System.Globalization;
using Microsoft.ML.VqVae.Benchmarks.Comparison;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The time of a whole <c>Transform</c>, read through a cursor, and of the network alone on tensors that are made beforehand. The
/// images have the size of those of Fashion-MNIST.</summary>
internal static class TransformSpeed
{
    const int Rounds = 5;

    public static void Run(int rows, TextWriter output)
    {
        ModelSize size = ModelSize.Named("fast");
        using var work = new Workloads(size);
        int batches = (rows + size.Batch - 1) / size.Batch;
        work.EncodeBatched(batches / 10 + 1);
        work.EncodeTensors(batches / 10 + 1);
        (double Whole, double Network)[] times = [.. Enumerable.Range(0, Rounds).Select(round =>
        {
            // The order changes from round to round.
            double before = round % 2 == 0 ? 0 : work.EncodeTensors(batches);
            double whole = work.EncodeBatched(batches);
            return (whole * batches, (round % 2 == 0 ? work.EncodeTensors(batches) : before) * batches);
        })];
        double[] ratios = [.. times.Select(time => time.Whole / time.Network).Order()];
        output.WriteLine("| images | Transform, s | network alone, s | ratio |");
        output.WriteLine("|---|---|---|---|");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {batches * size.Batch:N0} | {Seconds(time => time.Whole):0.00} | {Seconds(time => time.Network):0.00} | " +
            $"{ComparedWorkload.Median(ratios):0.00} ({ratios[0]:0.00} … {ratios[^1]:0.00}) |"));

        double Seconds(Func<(double Whole, double Network), double> part) => ComparedWorkload.Median([.. times.Select(part)]) / 1000;
    }
}
