using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>Means of a loss and its terms over the batches since the last reading, weighted by their number of examples, and the perplexity
/// of all codes together. Sums stay on the device until they are read: a reading waits for the device, an addition does not.</summary>
internal sealed class LossMeter : IDisposable
{
    const string TotalName = "total";
    const string CountsName = "counts";
    const string TermPrefix = "term.";
    const string PartPrefix = "part.";

    // In the order of the first batch, which is that of the reports.
    readonly List<KeyValuePair<string, Tensor>> sums = [];

    /// <summary>Examples since the last reading.</summary>
    internal long Examples { get; private set; }

    /// <summary>Batches since the last reading.</summary>
    internal long Batches { get; private set; }

    /// <summary>The sums for a checkpoint, by names that sort in the order of the reports.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> Sums =>
        sums.Select((s, i) => new KeyValuePair<string, Tensor>($"{i.ToString("D4", CultureInfo.InvariantCulture)}.{s.Key}", s.Value));

    /// <summary>Adds a batch.</summary>
    /// <param name="loss">Its loss.</param>
    /// <param name="examples">Its number of examples.</param>
    /// <param name="rows">Those that the loss is the mean of: fewer in a share of a batch.</param>
    internal void Add(StepLoss loss, long examples, long rows)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        Add(TotalName, loss.Total, rows);
        foreach ((string? name, Tensor? value) in loss.Terms)
            Add(TermPrefix + name, value, rows);
        foreach ((string? name, Tensor? value) in loss.Parts)
            Add(PartPrefix + name, value, rows);
        if (loss.CodeCounts is not null)
            Add(CountsName, loss.CodeCounts, 1);
        Examples += examples;
        Batches++;
    }

    /// <summary>Restores the values of <see cref="Sums"/>; copies them to a device.</summary>
    /// <exception cref="InvalidDataException">They are no sums of losses.</exception>
    internal void Restore(IReadOnlyCollection<KeyValuePair<string, Tensor>> saved, long examples, long batches, Device device)
    {
        foreach ((string? name, Tensor? sum) in saved)
        {
            bool counts = name.EndsWith("." + CountsName, StringComparison.Ordinal);
            if (counts ? sum.shape.Length is 0 or > 2 || sum.numel() == 0 : sum.numel() != 1)
                throw new InvalidDataException($"The tensor 'meter.{name}' of shape [{string.Join(", ", sum.shape)}] is no sum of losses.");
        }

        if (examples > 0 != saved.Any(s => s.Key.EndsWith("." + TotalName, StringComparison.Ordinal)))
            throw new InvalidDataException($"The means over {examples} examples and their sums do not belong together.");
        foreach ((string? name, Tensor? sum) in saved.OrderBy(s => s.Key, StringComparer.Ordinal))
            sums.Add(new(name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..], sum.to(device, copy: true).DetachFromDisposeScope()));
        (Examples, Batches) = (examples, batches);
    }

    /// <summary>Replaces the sums by those over all shares, on every rank.</summary>
    internal void SumOver(BatchShare share)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor all = share.Sum(cat([.. sums.Select(s => s.Value.flatten().to(ScalarType.Float32))]));
        long start = 0;
        foreach ((string _, Tensor? sum) in sums)
        {
            sum.copy_(all.narrow(0, start, sum.numel()).view(sum.shape));
            start += sum.numel();
        }
    }

    /// <summary>Sets the sums to zero, after another rank has taken them over.</summary>
    internal void ZeroSums()
    {
        foreach ((string _, Tensor? sum) in sums)
            sum.zero_();
    }

    /// <summary>Whether the mean loss is a number; waits for the device.</summary>
    internal bool IsFinite => Examples == 0 || double.IsFinite(Value(sums.Find(s => s.Key == TotalName).Value));

    /// <summary>Reads the means and resets the meter.</summary>
    internal (double Loss, Dictionary<string, double> Terms, Dictionary<string, double> Parts, double? Perplexity) Read()
    {
        using DisposeScope scope = NewDisposeScope();
        double loss = 0;
        double? perplexity = null;
        Dictionary<string, double> terms = [], parts = [];
        foreach ((string? name, Tensor? sum) in sums)
        {
            if (name == TotalName)
                loss = Value(sum) / Examples;
            else if (name == CountsName)
                perplexity = Perplexity(sum);
            else if (name.StartsWith(PartPrefix, StringComparison.Ordinal))
                parts.Add(name[PartPrefix.Length..], Value(sum) / Examples);
            else
                terms.Add(name[TermPrefix.Length..], Value(sum) / Examples);
        }

        Clear();
        return (loss, terms, parts, perplexity);
    }

    /// <summary>exp of the entropy of each codebook's codes, averaged over the codebooks; null before any code was counted.</summary>
    internal static double? Perplexity(Tensor counts)
    {
        using DisposeScope scope = NewDisposeScope();
        int codes = (int)counts.shape[^1];
        Span<double> all = MemoryMarshal.Cast<byte, double>(counts.to(ScalarType.Float64).cpu().contiguous().bytes);
        double sum = 0;
        int codebooks = 0;
        for (int start = 0; start < all.Length; start += codes)
        {
            Span<double> codebook = all.Slice(start, codes);
            double total = 0, entropy = 0;
            foreach (double count in codebook)
                total += count;
            if (total == 0)
                continue;
            foreach (double count in codebook)
                entropy -= count > 0 ? count / total * Math.Log(count / total) : 0;
            sum += Math.Exp(entropy);
            codebooks++;
        }

        return codebooks == 0 ? null : sum / codebooks;
    }

    public void Dispose() => Clear();

    void Add(string name, Tensor value, long weight)
    {
        int known = sums.FindIndex(s => s.Key == name);
        if (known >= 0)
            sums[known].Value.Add_(value.detach(), weight);
        else
            sums.Add(new(name, value.detach().Mul(weight).DetachFromDisposeScope()));
    }

    void Clear()
    {
        foreach ((string _, Tensor? sum) in sums)
            sum.Dispose();
        sums.Clear();
        (Examples, Batches) = (0, 0);
    }

    static double Value(Tensor sum)
    {
        using DisposeScope scope = NewDisposeScope();
        return sum.to(ScalarType.Float64).item<double>();
    }
}
