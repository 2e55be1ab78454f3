using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The bound of a batch as bits for each value of the images, scalars on the model's device.</summary>
/// <param name="Total">The bound on −log2 p(x), which training minimises; its gradient is the estimator of the model.</param>
/// <param name="ReconstructionBits">Its part −log2 p(x|z).</param>
/// <param name="LatentBits">Its other part, what the latents cost.</param>
public sealed record BoundLosses(Tensor Total, Tensor ReconstructionBits, Tensor LatentBits)
{
    internal BoundLosses MoveToOuterDisposeScope() => new(
        Total.MoveToOuterDisposeScope(), ReconstructionBits.MoveToOuterDisposeScope(), LatentBits.MoveToOuterDisposeScope());
}
