using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The result of quantizing a batch of encoder outputs.</summary>
/// <param name="Quantized">The codes in place of the encoder outputs, same shape [B, G·D, …]. In training its gradient passes straight
/// through to the encoder outputs (equation 2 and section 3.2 of the paper).</param>
/// <param name="Indices">Which codes, Int64 [B, …, G]. Empty while the encoder outputs still pass unquantized.</param>
/// <param name="CodebookLoss">‖sg[z] − e‖², summed over the D dimensions, averaged over the latents of an example and over the batch; a
/// scalar whose gradient reaches the codebook alone. Zero when the codebook learns by moving average.</param>
/// <param name="CommitmentLoss">‖z − sg[e]‖², summed and averaged likewise and not yet weighted by β; a scalar whose gradient reaches the
/// encoder alone.</param>
/// <param name="Counts">Number of times that the batch used each code, Single [codebooks, K]; zero while the encoder outputs still pass
/// unquantized. Sum them over a whole data set before computing usage or perplexity.</param>
/// <param name="Loss">The quantizer's part of the loss of a model: <paramref name="CodebookLoss"/> + β ·
/// <paramref name="CommitmentLoss"/>.</param>
public sealed record QuantizationResult(
    Tensor Quantized, Tensor Indices, Tensor CodebookLoss, Tensor CommitmentLoss, Tensor Counts, Tensor Loss)
{
    /// <summary>The loss of a model: its reconstruction term and the quantizer's losses.</summary>
    /// <param name="reconstruction">The weighted reconstruction term.</param>
    /// <param name="terms">What is reported besides the quantizer's losses.</param>
    internal StepLoss ToStepLoss(Tensor reconstruction, params (string Name, Tensor Value)[] terms)
    {
        (string, Tensor)[] all = [.. terms, ("codebook", CodebookLoss), ("commitment", CommitmentLoss)];
        return new StepLoss(reconstruction.Add(Loss), all.ToDictionary(term => term.Item1, term => term.Item2.detach()), Counts)
        {
            Parts = new Dictionary<string, Tensor> { ["reconstruction"] = reconstruction.detach(), ["quantizer"] = Loss.detach() },
        };
    }

    internal QuantizationResult MoveToOuterDisposeScope()
    {
        foreach (Tensor? tensor in new[] { Quantized, Indices, CodebookLoss, CommitmentLoss, Counts, Loss })
            tensor.MoveToOuterDisposeScope();
        return this;
    }
}
