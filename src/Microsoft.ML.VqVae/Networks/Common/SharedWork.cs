namespace Microsoft.ML.VqVae.Networks;

/// <summary>The parts of a computation, taken one after the other by this thread and by threads of the pool that are free.</summary>
/// <remarks>Not <see cref="Parallel"/>, which waits until the pool has looked at its work, also when none is left: where all threads of a
/// program are busy or blocked, that takes half a second.</remarks>
/// <param name="parts">The number of parts.</param>
/// <param name="compute">Computes a part, 0 … <paramref name="parts"/> − 1. It must not throw.</param>
internal sealed class SharedWork(int parts, Action<int> compute) : IThreadPoolWorkItem
{
    int taken;
    int finished;

    /// <summary>Computes all parts.</summary>
    /// <param name="threads">The largest number of threads that work on them.</param>
    public void Run(int threads)
    {
        for (int helper = 1; helper < threads; helper++)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        Execute();
        // The memory is that of the caller, and the last parts may be in other hands, for some microseconds: not worth a millisecond's sleep.
        for (var wait = new SpinWait(); Volatile.Read(ref finished) < parts;)
            wait.SpinOnce(sleep1Threshold: -1);
    }

    /// <summary>Touches no memory when no part is left.</summary>
    public void Execute()
    {
        for (int part = Interlocked.Increment(ref taken) - 1; part < parts; part = Interlocked.Increment(ref taken) - 1)
        {
            compute(part);
            Interlocked.Increment(ref finished);
        }
    }
}
