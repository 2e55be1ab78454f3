using System.Runtime.InteropServices;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Has the network make codes, a batch of rows at a time, and gives them as keys.</summary>
internal sealed class PriorSampling(PriorModel model, SamplingOptions options, int seed)
{
    /// <summary>One row for each condition, or <paramref name="count"/> rows of a prior without conditions.</summary>
    public uint[][] Sample(int count, int length, int[]? conditions) => Run(count, rows => new Batch(
        conditions is null ? null : tensor(Array.ConvertAll(rows, row => (long)conditions[row])), null, _ => length, length));

    /// <summary>One row for each that is given: its codes, and others where they are missing.</summary>
    public uint[][] Complete(CodeStore given) => Run(given.Count, rows =>
    {
        int Length(int row) => Math.Max(given.LengthOf(row), options.Length ?? 0);
        int longest = rows.Max(Length);
        Tensor[] read = given.ReadBatch(rows, longest, filling: -1);
        return new Batch(read.Length > 2 ? read[2] : null, read[0], Length, longest);
    });

    /// <param name="Conditions">Int64 [rows], or null.</param>
    /// <param name="Given">Int64 [rows, longest], or null.</param>
    /// <param name="Length">How many codes a row is to have.</param>
    /// <param name="Longest">How many codes are made.</param>
    sealed record Batch(Tensor? Conditions, Tensor? Given, Func<int, int> Length, int Longest);

    uint[][] Run(int count, Func<int[], Batch> prepare)
    {
        var keys = new uint[count][];
        for (int first = 0; first < count; first += options.BatchSize)
        {
            using DisposeScope scope = NewDisposeScope();
            int[] rows = [.. Enumerable.Range(first, Math.Min(options.BatchSize, count - first))];
            Batch batch = prepare(rows);
            Tensor codes = model.Network.Sample(new SampleRequest
            {
                Count = rows.Length,
                Length = batch.Longest,
                Conditions = batch.Conditions,
                Given = batch.Given,
                Temperature = options.Temperature,
                TopK = options.TopK,
                Seed = seed,
                FirstSample = first,
                BatchSize = rows.Length,
                Cached = options.Cached,
                Cancellation = options.CancellationToken,
                Progress = options.Progress is { } progress ? new Part(progress, first, rows.Length, count) : null,
            });
            ReadOnlySpan<long> made = MemoryMarshal.Cast<byte, long>(codes.contiguous().bytes);
            foreach (int row in rows)
            {
                keys[row] = new uint[batch.Length(row)];
                for (int i = 0; i < keys[row].Length; i++)
                    keys[row][i] = (uint)(made[(row - first) * batch.Longest + i] + 1);
            }
        }
        return keys;
    }

    /// <summary>Turns the share of a batch that is made into the share of all.</summary>
    sealed class Part(IProgress<double> whole, int first, int rows, int count) : IProgress<double>
    {
        public void Report(double value) => whole.Report((first + value * rows) / count);
    }
}
