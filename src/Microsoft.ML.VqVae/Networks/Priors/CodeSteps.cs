using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A batch of rows that is taken code by code in order; see <see cref="CodePrior.Begin"/>. For each code:
/// <see cref="NextLogits"/> where they are wanted, then <see cref="Accept"/>.</summary>
public abstract class CodeSteps : IDisposable
{
    /// <summary>The logits of the next code given those accepted: Float32 [B, K] on the network's device, without gradients. The same
    /// until the next <see cref="Accept"/>. The caller disposes them.</summary>
    /// <exception cref="InvalidOperationException">All codes of the rows are accepted already.</exception>
    public abstract Tensor NextLogits();

    /// <summary>Tells what the next code of each row is. It can be called without <see cref="NextLogits"/> before, which saves work
    /// where codes are known.</summary>
    /// <param name="codes">Int64 [B], each within 0 … K − 1, on the network's device.</param>
    /// <exception cref="ArgumentException">The codes have another shape.</exception>
    /// <exception cref="InvalidOperationException">All codes of the rows are accepted already.</exception>
    public abstract void Accept(Tensor codes);

    /// <summary>Frees what the steps allocated.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors where <paramref name="disposing"/>.</summary>
    protected abstract void Dispose(bool disposing);
}
