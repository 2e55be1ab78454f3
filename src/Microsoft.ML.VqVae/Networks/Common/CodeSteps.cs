using System.Diagnostics.CodeAnalysis;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A batch of rows that is processed code by code in order; see <see cref="CodePrior.Begin"/>. For each code call
/// <see cref="NextLogits"/> if its logits are needed, then <see cref="Accept"/>.</summary>
public abstract class CodeSteps : IDisposable
{
    /// <summary>Computes the logits of the next code given the accepted ones: Float32 [B, K] on the network's device, without gradients.
    /// They stay the same until the next <see cref="Accept"/>. The caller disposes them.</summary>
    /// <exception cref="InvalidOperationException">All codes of the rows are accepted already.</exception>
    public abstract Tensor NextLogits();

    /// <summary>Accepts the next code of each row. It can be called without <see cref="NextLogits"/> before, which saves work where codes
    /// are known.</summary>
    /// <param name="codes">Int64 [B], each within 0 … K − 1, on the network's device.</param>
    /// <exception cref="ArgumentException">The codes have another shape.</exception>
    /// <exception cref="InvalidOperationException">All codes of the rows are accepted already.</exception>
    public abstract void Accept(Tensor codes);

    /// <summary>Frees the memory of the steps.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors if <paramref name="disposing"/>.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>Steps of the networks of this library: checks and counts what is accepted, and keeps tensors.</summary>
internal abstract class CheckedSteps(int batch, int length) : CodeSteps
{
    public int Batch => batch;

    public int Length => length;

    /// <summary>The number of accepted codes of each row.</summary>
    protected int Position { get; set; }

    /// <summary>The tensors that live as long as the steps.</summary>
    protected KeptTensors Kept { get; } = new();

    public sealed override Tensor NextLogits()
    {
        CheckNotDone();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return ComputeLogits().MoveToOuterDisposeScope();
    }

    public sealed override void Accept(Tensor codes)
    {
        TensorChecks.OnePerRow(codes, batch, "Codes", nameof(codes));
        CheckNotDone();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Take(codes);
        Position++;
    }

    /// <summary>Computes the result of <see cref="NextLogits"/>, in a dispose scope and without gradients.</summary>
    protected abstract Tensor ComputeLogits();

    /// <summary>Takes the next code of each row, before <see cref="Position"/> counts it.</summary>
    protected abstract void Take(Tensor codes);

    protected void CheckNotDone()
    {
        if (Position == length)
            throw new InvalidOperationException($"All {length} codes of the rows are accepted already.");
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Kept.Dispose();
    }
}

/// <summary>Tensors that outlive the dispose scope they are made in, until their owner is disposed.</summary>
internal sealed class KeptTensors : IDisposable
{
    readonly List<Tensor> _tensors = [];

    /// <summary>Moves a tensor, if there is one, out of its dispose scope.</summary>
    [return: NotNullIfNotNull(nameof(tensor))]
    public Tensor? Keep(Tensor? tensor)
    {
        if (tensor is not null)
            _tensors.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    /// <summary>One tensor for each number from 0.</summary>
    public Tensor[] Keep(int count, Func<int, Tensor> create) => [.. Enumerable.Range(0, count).Select(number => Keep(create(number)))];

    public void Dispose()
    {
        _tensors.ForEach(tensor => tensor.Dispose());
        _tensors.Clear();
    }
}
