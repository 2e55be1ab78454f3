using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The values by which two implementations of a model are checked to be the same.</summary>
/// <param name="Loss">The loss of a batch.</param>
/// <param name="Codes">The nearest code of each latent of a codec, the most likely code at each position of a prior; Int64 [N].</param>
/// <param name="Scores">The numbers whose maxima the codes are, [N, K]; null where the implementation does not show them.</param>
public sealed record ModelOutputs(double Loss, Tensor Codes, Tensor? Scores = null) : IDisposable
{
    public void Dispose()
    {
        Codes.Dispose();
        Scores?.Dispose();
    }
}
