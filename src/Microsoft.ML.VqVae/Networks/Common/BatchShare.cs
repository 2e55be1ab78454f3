using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The rows of a training batch that this process computes. Where several processes train together, each computes the loss of some
/// rows; what depends on the other rows, a loss computes through this class, so that the processes together do what one would do with
/// the whole batch.</summary>
/// <remarks>This base class is the whole batch of a process that trains alone: it changes and computes nothing. The methods that exchange
/// numbers must be called by all processes in the same order.</remarks>
internal class BatchShare
{
    static readonly BatchShare Whole = new();

    [ThreadStatic]
    static BatchShare? _current;

    /// <summary>The share of the loss that this thread computes: the whole batch, except within <see cref="Use"/>.</summary>
    public static BatchShare Current => _current ?? Whole;

    /// <summary>Makes this the <see cref="Current"/> share of the thread until the result is disposed.</summary>
    public IDisposable Use()
    {
        var former = new Restore(_current);
        _current = this;
        return former;
    }

    /// <summary>The position of the first row in the batch, and the number of rows of the batch.</summary>
    /// <param name="rows">The number of rows of the share.</param>
    public virtual (long First, long Batch) Place(long rows) => (0, rows);

    /// <summary>Random numbers for the rows of the share: drawn for all rows of the batch, of which its own are kept.</summary>
    /// <param name="rows">The number of rows of the share.</param>
    /// <param name="draw">Draws numbers for a number of rows.</param>
    /// <param name="axis">The axis of the rows.</param>
    public Tensor Draw(long rows, Func<long, Tensor> draw, int axis = 0)
    {
        (long first, long batch) = Place(rows);
        Tensor drawn = draw(batch);
        return rows == batch ? drawn : drawn.narrow(axis, first, rows);
    }

    /// <summary>The sum of a Single tensor over the shares, without gradients.</summary>
    public virtual Tensor Sum(Tensor values) => values;

    /// <summary>The rows [N, …] of all shares, in the order of the batch, without gradients. Each share may have another N.</summary>
    public virtual Tensor Gather(Tensor rows) => rows;

    /// <summary>The largest of the numbers of the shares.</summary>
    public virtual long Max(long number) => number;

    /// <summary>A divisor that makes a sum over the items of the share a mean: the gradients of such means, weighed by the rows of the
    /// shares, add up to the gradient of the mean over the items of the batch, however many each share has.</summary>
    /// <param name="items">The number of items of the share.</param>
    public virtual double Divisor(double items) => items;

    /// <summary>A mean over the items of the share, scaled as one with <see cref="Divisor"/> instead of their number.</summary>
    public virtual Tensor Mean(Tensor mean, Func<double> items) => mean;

    sealed class Restore(BatchShare? former) : IDisposable
    {
        public void Dispose() => _current = former;
    }
}
