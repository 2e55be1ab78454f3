using System.Globalization;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>What a whole <c>Transform</c> of a data set takes beside the network alone, on tensors that are made beforehand: images of the
/// size of Fashion-MNIST, whose codes are read through a cursor.</summary>
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
            // In turn, in changing order.
            double first = round % 2 == 0 ? work.EncodeBatched(batches) : work.EncodeTensors(batches);
            double second = round % 2 == 0 ? work.EncodeTensors(batches) : work.EncodeBatched(batches);
            return round % 2 == 0 ? (first * batches, second * batches) : (second * batches, first * batches);
        })];
        double[] ratios = [.. times.Select(time => time.Whole / time.Network).Order()];
        output.WriteLine("| images | Transform, s | network alone, s | ratio |");
        output.WriteLine("|---|---|---|---|");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {batches * size.Batch:N0} | {Median(times.Select(time => time.Whole)) / 1000:0.00} | " +
            $"{Median(times.Select(time => time.Network)) / 1000:0.00} | {ratios[Rounds / 2]:0.00} ({ratios[0]:0.00} … {ratios[^1]:0.00}) |"));
    }

    static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);
}
