using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Chooses codes from their logits with given random numbers, on the device where the logits are.</summary>
internal sealed class CodeChoice(double temperature, int? topK)
{
    /// <summary>Logits [B, K] and random numbers [B, 1], uniform in [0, 1) → codes Int64 [B].</summary>
    public Tensor Choose(Tensor logits, Tensor uniforms)
    {
        using var scope = NewDisposeScope();
        if (topK is not { } most)
            return Draw(logits, uniforms).squeeze(1).MoveToOuterDisposeScope();
        var (likeliest, codes) = logits.topk(most);
        return codes.gather(1, Draw(likeliest, uniforms)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>The inverse of the cumulative distribution: the number of cumulated probabilities that do not exceed the random number is
    /// the place of the first that does.</summary>
    Tensor Draw(Tensor logits, Tensor uniforms)
    {
        var cumulated = (temperature == 1 ? logits : logits.div(temperature)).softmax(1).cumsum(1);
        // The total is 1 but for rounding. Random numbers end a step of 2⁻²³ below 1, so the product stays below the total, and no code
        // of probability 0 can be reached.
        var target = uniforms.mul(cumulated.narrow(1, cumulated.shape[1] - 1, 1));
        return cumulated.le(target).sum(1, keepdim: true, type: ScalarType.Int64);
    }
}
