using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Which positions of a batch of unequal lengths are real: what keeps padding out of convolutions, losses and codebook.</summary>
internal sealed class Padding
{
    /// <param name="lengths">How many values of each row are real, Int64 [B].</param>
    /// <param name="length">T: how many there are in all.</param>
    /// <param name="perCode">How many values a code stands for.</param>
    public Padding(Tensor lengths, long length, int perCode)
    {
        // On a GPU the look at the lengths would make every step wait for the device.
        if (lengths.device_type == DeviceType.CPU && lengths.min().ToInt64() == length)
            return;
        Values = Mask(lengths, length);
        Codes = Mask((lengths + (perCode - 1L)).div(perCode, RoundingMode.floor), length / perCode);
    }

    /// <summary>1 where a value is real, 0 in the padding, Float32 [B, 1, T]; null where all are real.</summary>
    public Tensor? Values { get; }

    /// <summary>The same for codes, Float32 [B, 1, N]: a code is real where any of its values is.</summary>
    public Tensor? Codes { get; }

    /// <summary>Sets what is padding to zero, which is what a convolution takes for the outside of its input too.</summary>
    public static Tensor Clear(Tensor values, Tensor? mask) => mask is null ? values : values * mask;

    /// <summary>The mean of [B, C, T] over real positions and all channels.</summary>
    public static Tensor Mean(Tensor values, Tensor? mask) =>
        mask is null ? values.mean() : (values * mask).sum() / (mask.sum() * (double)values.shape[1]);

    /// <summary>Quantizes [B, D, N]; the quantizer sees the real positions alone, and padding becomes zero.</summary>
    public QuantizationResult Quantize(VectorQuantizer quantizer, Tensor latents)
    {
        if (Codes is null)
            return quantizer.call(latents);
        var (batch, channels, count) = (latents.shape[0], latents.shape[1], latents.shape[2]);
        var rows = Codes.reshape(-1).nonzero().reshape(-1);
        var real = latents.permute(0, 2, 1).reshape(-1, channels).index_select(0, rows);
        var result = quantizer.call(real);
        var quantized = zeros(batch * count, channels, dtype: ScalarType.Float32, device: latents.device)
            .index_add_(0, rows, result.Quantized, 1).view(batch, count, channels).permute(0, 2, 1);
        return result with { Quantized = quantized };
    }

    static Tensor Mask(Tensor lengths, long length) =>
        (arange(length, dtype: ScalarType.Int64, device: lengths.device) < lengths.unsqueeze(1)).to(ScalarType.Float32).unsqueeze(1);
}
