using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>Prepares batches on a thread of its own, ahead of the one that trains.</summary>
internal sealed class BatchFeeder : IDisposable
{
    const int BatchesAhead = 2;

    readonly BlockingCollection<Tensor[]> batches = new(BatchesAhead);
    readonly CancellationTokenSource stop = new();
    readonly Thread thread;
    ExceptionDispatchInfo? failure;

    /// <param name="read">Makes the tensors of a batch.</param>
    /// <param name="plan">The example numbers of one batch after the other.</param>
    /// <param name="pinned">Whether the tensors go to a GPU: from pinned memory they are copied while it computes.</param>
    internal BatchFeeder(Func<BatchExamples, Tensor[]> read, IEnumerable<BatchExamples> plan, bool pinned)
    {
        thread = new Thread(() => Feed(read, plan, pinned)) { IsBackground = true, Name = "VQ-VAE batches" };
        thread.Start();
    }

    /// <summary>Waits for the next batch of the plan; the tensors then belong to the caller. What went wrong while it was made is thrown
    /// here.</summary>
    internal Tensor[] Take(CancellationToken cancellation)
    {
        if (batches.TryTake(out var batch, Timeout.Infinite, cancellation))
            return batch;
        failure?.Throw();
        throw new InvalidOperationException("The plan has no more batches.");
    }

    /// <summary>Ends the thread, after the batch that it is making, and frees what was not taken.</summary>
    public void Dispose()
    {
        stop.Cancel();
        thread.Join();
        while (batches.TryTake(out var batch))
            Free(batch);
        batches.Dispose();
        stop.Dispose();
    }

    /// <summary>Makes the tensors of one batch, detached from every scope; intermediate tensors are freed.</summary>
    internal static Tensor[] Make(Func<BatchExamples, Tensor[]> read, BatchExamples examples, bool pinned)
    {
        // Scopes and gradient modes are per thread: this one has its own.
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var batch = read(examples);
        if (pinned)
        {
            var unpinned = batch;
            batch = [.. unpinned.Select(t => t.pin_memory())];
            Free(unpinned);
        }

        foreach (var tensor in batch)
            tensor.DetachFromDisposeScope();
        return batch;
    }

    static void Free(Tensor[] batch)
    {
        foreach (var tensor in batch)
            tensor.Dispose();
    }

    void Feed(Func<BatchExamples, Tensor[]> read, IEnumerable<BatchExamples> plan, bool pinned)
    {
        try
        {
            foreach (var examples in plan)
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
