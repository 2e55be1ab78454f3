using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Quantization of sequences of unequal lengths.</summary>
internal static class PaddedQuantization
{
    /// <summary>Quantizes [B, D, N]; the quantizer sees the real positions only, and padding becomes zero.</summary>
    public static QuantizationResult Quantize(this Padding padding, Quantizer quantizer, Tensor latents)
    {
        if (padding.Codes is null)
            return quantizer.call(latents);
        (long batch, long channels, long count) = (latents.shape[0], latents.shape[1], latents.shape[2]);
        Tensor rows = padding.Codes.reshape(-1).nonzero().reshape(-1);
        Tensor real = latents.permute(0, 2, 1).reshape(-1, channels).index_select(0, rows);
        QuantizationResult result = quantizer.call(real);
        Tensor quantized = zeros(batch * count, channels, dtype: ScalarType.Float32, device: latents.device)
            .IndexAdd_(0, rows, result.Quantized).view(batch, count, channels).permute(0, 2, 1);
        return result with { Quantized = quantized };
    }
}
