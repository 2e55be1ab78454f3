using System.Globalization;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>How much faster cached sampling is than naive sampling (arXiv 1704.06001): 32×32 codes of 512, 15 layers of 128
/// channels.</summary>
internal static class SamplingSpeed
{
    const int NaivePasses = 3;

    public static void Run(int[] batches, TextWriter output)
    {
        using var work = new PriorWorkloads(PriorSize.Wide);
        int codes = PriorSize.Wide.Side * PriorSize.Wide.Side;
        output.WriteLine("| batch | cached, s | samples a second | naive, s | naive / cached |");
        output.WriteLine("|---|---|---|---|---|");
        work.Sample(1, 1);
        foreach (int batch in batches)
        {
            // Naive sampling makes a pass over whole grids for each code. All passes are alike, so a few stand for all.
            work.Pass(batch, 1);
            double naive = work.Pass(batch, NaivePasses) * codes / 1000;
            double cached = Enumerable.Range(0, 3).Select(_ => work.Sample(batch, 1)).Order().ElementAt(1) / 1000;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {batch} | {cached:0.00} | {batch / cached:0.00} | {naive:0} | {naive / cached:0} |"));
        }
        output.WriteLine($"Cached: the median of three. Naive: {NaivePasses} passes, times {codes} codes.");
    }
}
