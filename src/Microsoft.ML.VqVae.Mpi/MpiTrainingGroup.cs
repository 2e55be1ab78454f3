namespace Microsoft.ML.VqVae.Training;

/// <summary>The processes that <c>mpirun</c> of Open MPI started, on one machine or several, as a training group.</summary>
/// <remarks>
/// <para>Set it as <see cref="TrainingOptions.Group"/>, and dispose it at the end of the program. A process that ends with an exception
/// without disposing it, or whose <c>Fit</c> fails, ends all processes.</para>
/// <code>
/// using MpiTrainingGroup group = MpiTrainingGroup.Join();
/// options.Training.Group = group;
/// </code>
/// </remarks>
public sealed class MpiTrainingGroup : ITrainingGroup, IDisposable
{
    // Set by mpirun, and by other starters of processes with PMIx, such as srun --mpi=pmix.
    const string SizeVariable = "OMPI_COMM_WORLD_SIZE", RankVariable = "PMIX_RANK";

    readonly OpenMpi _mpi;
    bool _disposed;

    MpiTrainingGroup(OpenMpi mpi)
    {
        _mpi = mpi;
        (Rank, Size) = (mpi.Rank, mpi.Size);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Starts MPI in this process, once, and waits for the other processes.</summary>
    /// <returns>The group of all processes.</returns>
    /// <exception cref="DllNotFoundException">Open MPI is not installed, or another implementation of MPI was found.</exception>
    /// <exception cref="InvalidOperationException">The program was not started by <c>mpirun</c> or <c>srun --mpi=pmix</c>, MPI was already
    /// started, or it was built without support for threads.</exception>
    public static MpiTrainingGroup Join() => Join(OpenMpi.Names, Environment.GetEnvironmentVariable);

    internal static MpiTrainingGroup Join(IReadOnlyList<string> names, Func<string, string?> variable)
    {
        OpenMpi mpi = OpenMpi.Load(names);
        if (variable(SizeVariable) is null && variable(RankVariable) is null)
        {
            throw new InvalidOperationException(
                "The program was not started by Open MPI. Start it as 'mpirun -np 2 dotnet program.dll', or with Slurm as " +
                "'srun --mpi=pmix dotnet program.dll'; to train in one process, leave TrainingOptions.Group null.");
        }
        mpi.Initialize();
        return new MpiTrainingGroup(mpi);
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The group is disposed.</exception>
    public void Sum(Span<float> values)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _mpi.Sum(values);
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The group is disposed.</exception>
    public void Broadcast(Span<byte> bytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _mpi.Broadcast(bytes);
    }

    /// <summary>Writes the message to the error output and ends all processes of the group, this one too, with exit code 1.</summary>
    /// <param name="message">The reason.</param>
    public void Abort(string message)
    {
        if (_disposed)
            return;
        Console.Error.WriteLine($"Rank {Rank} of {Size} ends all processes: {message}");
        Console.Error.Flush();
        _mpi.Abort(exitCode: 1);
    }

    /// <summary>Waits for the other processes, and ends MPI.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _mpi.Complete();
    }
}
