using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Distributed;

/// <summary>A training group of threads of this process.</summary>
internal sealed class InMemoryGroup(int size) : IDisposable
{
    readonly Barrier _barrier = new(size);
    readonly CancellationTokenSource _aborted = new();
    readonly float[]?[] _sums = new float[size][];
    byte[] _broadcast = [];

    /// <summary>The messages of ranks that failed.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Runs an action for each rank, each in a thread of its own, and returns the exceptions, or null, by rank.</summary>
    public static Exception?[] Run(int size, Action<ITrainingGroup> action, InMemoryGroup? group = null)
    {
        using InMemoryGroup? own = group is null ? new InMemoryGroup(size) : null;
        group ??= own!;
        var exceptions = new Exception?[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                action(new Member(group, rank, size));
            }
            catch (Exception e)
            {
                exceptions[rank] = e;
            }
        }))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            Assert.IsTrue(thread.Join(TimeSpan.FromMinutes(2)), "The ranks wait for one another for ever.");
        return exceptions;
    }

    public void Dispose()
    {
        _barrier.Dispose();
        _aborted.Dispose();
    }

    void Meet() => _barrier.SignalAndWait(_aborted.Token);

    sealed class Member(InMemoryGroup group, int rank, int size) : ITrainingGroup
    {
        public int Rank => rank;

        public int Size => size;

        public void Sum(Span<float> values)
        {
            group._sums[rank] = values.ToArray();
            group.Meet();
            Assert.IsTrue(Array.TrueForAll(group._sums, other => other!.Length == group._sums[0]!.Length), "The ranks sum different things.");
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = 0;
                foreach (float[]? other in group._sums)
                    values[i] += other![i];
            }
            group.Meet();
        }

        public void Broadcast(Span<byte> bytes)
        {
            if (rank == 0)
                group._broadcast = bytes.ToArray();
            group.Meet();
            group._broadcast.CopyTo(bytes);
            group.Meet();
        }

        public void Abort(string message)
        {
            lock (group.Failures)
                group.Failures.Add($"rank {rank}: {message}");
            group._aborted.Cancel();
        }
    }
}
