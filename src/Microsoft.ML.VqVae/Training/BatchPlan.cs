using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The training examples of each step and the held-out examples: a function only of the seed and the step number, so that a run
/// can resume anywhere.</summary>
internal sealed class BatchPlan
{
    const long ValidationStream = -1;

    readonly int[] training;
    readonly int[] validation;
    readonly int seed;
    (long Number, int[] Order) epoch = (-1, []);

    /// <param name="examples">Number of examples.</param>
    /// <param name="options">The training options.</param>
    /// <param name="rowOf">The number of the row that each example is made of; null where each has its own.</param>
    internal BatchPlan(int examples, TrainingOptions options, Func<int, int>? rowOf = null)
    {
        seed = options.Seed ?? 0;
        int heldOut = 0;
        if (options.ValidationFraction > 0)
            heldOut = Math.Max(1, (int)Math.Round(options.ValidationFraction * examples, MidpointRounding.AwayFromZero));
        if (examples - heldOut < 1)
        {
            throw new ArgumentException(
                $"There is no example to train on: {examples} examples, {heldOut} of them held out by " +
                $"{nameof(TrainingOptions.ValidationFraction)}.",
                nameof(examples));
        }

        int[] all = [.. Enumerable.Range(0, examples)];
        (validation, training) = ([], all);
        if (heldOut > 0)
        {
            int[][] rows = [.. all.GroupBy(rowOf ?? (example => example), (_, ofRow) => ofRow.ToArray())];
            HoldsOutRows = rows.Length < examples;
            (validation, training) = Divide(rows, heldOut);
        }

        BatchSize = Math.Min(options.BatchSize, training.Length);
        BatchesPerEpoch = training.Length / BatchSize;
        double epochs = options.Epochs ?? TrainingOptions.DefaultEpochs;
        TotalSteps = options.Steps ?? Math.Max(1, (long)Math.Round(epochs * BatchesPerEpoch, MidpointRounding.AwayFromZero));
        ValidateEverySteps = options.ValidateEverySteps ?? BatchesPerEpoch;
    }

    internal IReadOnlyList<int> Validation => validation;

    /// <summary>Whether rows of several examples are held out as a whole.</summary>
    internal bool HoldsOutRows { get; }

    internal int BatchSize { get; }

    internal int BatchesPerEpoch { get; }

    internal long TotalSteps { get; }

    internal int ValidateEverySteps { get; }

    internal bool ValidatesAfter(long step) =>
        validation.Length > 0 && step > 0 && (step % ValidateEverySteps == 0 || step == TotalSteps);

    /// <summary>The batches of the rest of a run, those of each validation after the step that it follows.</summary>
    internal IEnumerable<BatchExamples> From(long step, bool validateFirst)
    {
        for (long next = step; ; next++)
        {
            if (next > step ? ValidatesAfter(next) : validateFirst)
            {
                for (int start = 0; start < validation.Length; start += BatchSize)
                    yield return new(validation.AsMemory(start, Math.Min(BatchSize, validation.Length - start)), Step: null);
            }

            if (next >= TotalSteps)
                yield break;
            yield return new(TrainingBatch(next), next);
        }
    }

    internal int ValidationBatches => (validation.Length + BatchSize - 1) / BatchSize;

    /// <summary>Holds out as many rows as have so many examples, but leaves one.</summary>
    (int[] Validation, int[] Training) Divide(int[][] rows, int heldOut)
    {
        if (rows.Length == 1)
        {
            throw new ArgumentException(
                $"The {rows[0].Length} examples are parts of one row, and {nameof(TrainingOptions.ValidationFraction)} holds out whole rows; " +
                $"expected are two rows or more. Divide the row, or set {nameof(TrainingOptions.ValidationFraction)} to 0.");
        }
        int[] order = [.. Enumerable.Range(0, rows.Length)];
        Shuffle(order, ValidationStream);
        int count = 0;
        for (int held = 0; held < heldOut && count < rows.Length - 1; count++)
            held += rows[order[count]].Length;
        return (ExamplesOf(order[..count]), ExamplesOf(order[count..]));

        int[] ExamplesOf(int[] some) => [.. some.SelectMany(row => rows[row]).Order()];
    }

    ReadOnlyMemory<int> TrainingBatch(long step)
    {
        long number = step / BatchesPerEpoch;
        if (epoch.Number != number)
        {
            epoch = (number, (int[])training.Clone());
            Shuffle(epoch.Order, number);
        }

        return epoch.Order.AsMemory((int)(step % BatchesPerEpoch) * BatchSize, BatchSize);
    }

    // Fisher-Yates with SplitMix64.
    void Shuffle(int[] items, long stream)
    {
        ulong state = SeededRandom.Mix(unchecked((ulong)seed)) ^ SeededRandom.Scramble(unchecked((ulong)stream * 0xD1342543DE82EF95UL));
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = (int)Math.BigMul(SeededRandom.Mix(state), (ulong)i + 1, out _);
            (items[i], items[j]) = (items[j], items[i]);
            state = unchecked(state + SeededRandom.Gamma);
        }
    }
}

/// <summary>Prepares batches on a thread of its own, ahead of the one that trains.</summary>
internal sealed class BatchFeeder : IDisposable
{
    const int BatchesAhead = 2;

    readonly BlockingCollection<Tensor[]> batches = new(BatchesAhead);
    readonly CancellationTokenSource stop = new();
    readonly Thread thread;
    ExceptionDispatchInfo? failure;

    /// <param name="read">Creates the tensors of a batch.</param>
    /// <param name="plan">The example numbers of one batch after the other.</param>
    /// <param name="pinned">Whether the tensors go to a GPU: from pinned memory they are copied while it computes.</param>
    internal BatchFeeder(Func<BatchExamples, Tensor[]> read, IEnumerable<BatchExamples> plan, bool pinned)
    {
        thread = new Thread(() => Feed(read, plan, pinned)) { IsBackground = true, Name = "VQ-VAE batches" };
        thread.Start();
    }

    /// <summary>Waits for the next batch of the plan; the tensors then belong to the caller. An exception from creating it is thrown
    /// here.</summary>
    internal Tensor[] Take(CancellationToken cancellation)
    {
        if (batches.TryTake(out Tensor[]? batch, Timeout.Infinite, cancellation))
            return batch;
        failure?.Throw();
        throw new InvalidOperationException("The plan has no more batches.");
    }

    /// <summary>Ends the thread after its current batch, and disposes the batches that were not taken.</summary>
    public void Dispose()
    {
        stop.Cancel();
        thread.Join();
        while (batches.TryTake(out Tensor[]? batch))
            Free(batch);
        batches.Dispose();
        stop.Dispose();
    }

    /// <summary>Creates the tensors of one batch, detached from every scope; intermediate tensors are freed.</summary>
    internal static Tensor[] Make(Func<BatchExamples, Tensor[]> read, BatchExamples examples, bool pinned)
    {
        // Scopes and gradient modes are per thread: this one has its own.
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradients = no_grad();
        Tensor[] batch = read(examples);
        if (pinned)
        {
            Tensor[] unpinned = batch;
            batch = [.. unpinned.Select(t => t.pin_memory())];
            Free(unpinned);
        }

        foreach (Tensor tensor in batch)
            tensor.DetachFromDisposeScope();
        return batch;
    }

    static void Free(Tensor[] batch)
    {
        foreach (Tensor tensor in batch)
            tensor.Dispose();
    }

    void Feed(Func<BatchExamples, Tensor[]> read, IEnumerable<BatchExamples> plan, bool pinned)
    {
        try
        {
            // A GPU leaves all processors to the batches.
            if (!pinned)
                OpenMp.UseOneThread();
            foreach (BatchExamples examples in plan)
            {
                if (stop.IsCancellationRequested)
                    return;
                Hand(Make(read, examples, pinned));
            }
        }
        catch (Exception e)
        {
            failure = ExceptionDispatchInfo.Capture(e);
        }
        finally
        {
            batches.CompleteAdding();
        }
    }

    void Hand(Tensor[] batch)
    {
        try
        {
            batches.Add(batch, stop.Token);
        }
        catch (OperationCanceledException)
        {
            Free(batch);
        }
    }
}
