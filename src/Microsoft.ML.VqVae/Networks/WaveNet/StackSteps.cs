using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The logits of a <see cref="GatedStack"/> one position after another. What the dilated convolutions need of the past is kept, so every
/// position costs the same however long the sequence is: the scheme of "Fast WaveNet" (Paine et al. 2016, arXiv 1611.09482).
/// </summary>
internal abstract class StackSteps(int batch, int length) : IDisposable
{
    /// <summary>Up to how many sequences at a time spans are faster than tensors.</summary>
    public const int FewSequences = 16;

    /// <summary>Steps through sequences of <paramref name="length"/> symbols with the weights as they are now.</summary>
    public static StackSteps Begin(GatedStack stack, int batch, int length, StackConditions given) =>
        stack.Embedding.device_type == DeviceType.CPU && batch <= FewSequences
            ? new SpanSteps(new PackedStack(stack), batch, length, given)
            : new TensorSteps(stack, batch, length, given);

    public int Batch => batch;

    public int Length => length;

    /// <summary>How many symbols of each sequence are accepted.</summary>
    protected int Position { get; private set; }

    /// <summary>The logits of the next symbols, [B, symbols] on the stack's device, without gradients; the caller disposes them.</summary>
    public abstract Tensor NextLogits();

    /// <summary>Takes the next symbols, Int64 [B].</summary>
    public void Accept(Tensor symbols)
    {
        ArgumentNullException.ThrowIfNull(symbols);
        if (symbols.dtype != ScalarType.Int64 || symbols.Dimensions != 1 || symbols.shape[0] != batch)
            throw new ArgumentException($"The next symbols must be Int64 [{batch}], one a sequence, but are {symbols.dtype} " +
                $"[{string.Join(", ", symbols.shape)}].", nameof(symbols));
        CheckPosition();
        Take(symbols);
        Position++;
    }

    protected abstract void Take(Tensor symbols);

    protected void CheckPosition()
    {
        if (Position == length)
            throw new InvalidOperationException($"All {length} symbols of the sequences are accepted already.");
    }

    protected void Advance() => Position++;

    public abstract void Dispose();
}
