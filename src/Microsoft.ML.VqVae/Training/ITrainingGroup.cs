namespace Microsoft.ML.VqVae.Training;

/// <summary>Processes that train one model together, each on its share of every batch (data-parallel training). The package
/// <c>VqVae.MLNet.Mpi</c> has one for Open MPI.</summary>
/// <remarks>All members of the group make the same calls in the same order; a call waits for the others. Calls come from the thread that
/// trains.</remarks>
public interface ITrainingGroup
{
    /// <summary>The number of this process: 0 … <see cref="Size"/> − 1. Rank 0 validates, reports progress, and writes checkpoints.</summary>
    int Rank { get; }

    /// <summary>The number of processes.</summary>
    int Size { get; }

    /// <summary>Replaces each value by its sum over all ranks (all-reduce). Every rank gets the same bits.</summary>
    /// <param name="values">As many values on each rank.</param>
    void Sum(Span<float> values);

    /// <summary>Replaces the bytes by those of rank 0.</summary>
    /// <param name="bytes">As many bytes on each rank.</param>
    void Broadcast(Span<byte> bytes);

    /// <summary>Ends all processes, because this one cannot go on: called with the message of the exception, before it is thrown on.</summary>
    /// <param name="message">The reason, for the log.</param>
    void Abort(string message);
}
