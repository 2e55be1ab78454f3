using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A batch of utterances, or crops of them; shorter ones are padded with zeros, which are left out of training.</summary>
/// <param name="Inputs">The inputs of the encoder, Float32 [B, C, T], T a multiple of <see cref="AudioVqVae.ValuesPerCode"/>: features in
/// their own units, or samples.</param>
/// <param name="Lengths">The number of real inputs among the T, Int64 [B].</param>
/// <param name="Normalisers">The maps that normalize the inputs, Float32 [B, 1 + C, C]: means, then the matrix that multiplies the
/// difference from the means.</param>
/// <param name="Targets">The targets of the decoder, Float32 [B, C', T]; null where the inputs are the targets, and outside of
/// training.</param>
/// <param name="Speakers">The numbers of the speakers, Int64 [B]; null for a network that knows no speakers. Only decoding needs
/// them.</param>
public sealed record AudioBatch(Tensor Inputs, Tensor Lengths, Tensor Normalisers, Tensor? Targets = null, Tensor? Speakers = null)
{
    internal AudioBatch To(Device device) => device.type == TorchSharp.DeviceType.CPU
        ? this
        : new(Inputs.to(device), Lengths.to(device), Normalisers.to(device), Targets?.to(device), Speakers?.to(device));
}

/// <summary>The input of an <see cref="AudioVqVae"/> for one waveform.</summary>
/// <param name="Values">[T, C], time by time: frames of features, or samples.</param>
/// <param name="Length">T.</param>
/// <param name="Statistics">The statistics of the C features over the utterance.</param>
/// <param name="Normaliser">The map that normalizes them, means and a matrix, [1 + C, C] row by row; null where it follows from the
/// statistics.</param>
public sealed record AudioFeatures(float[] Values, int Length, FeatureStatistics Statistics, float[]? Normaliser = null);

/// <summary>A training example: the possible inputs and the target for one waveform.</summary>
/// <param name="Views">The possible inputs of the encoder: the utterance unchanged, then as spoken with other vocal tracts; all of the same
/// length.</param>
/// <param name="Target">The target of the decoder; null where it is the view.</param>
public sealed record AudioExample(IReadOnlyList<AudioFeatures> Views, AudioFeatures? Target);

/// <summary>The padding of a batch of unequal lengths, which is kept out of convolutions, losses and codebook.</summary>
internal sealed class Padding
{
    /// <param name="lengths">The number of real values of each row, Int64 [B].</param>
    /// <param name="length">T: the number of values with padding.</param>
    /// <param name="perCode">The number of values that a code covers.</param>
    public Padding(Tensor lengths, long length, int perCode)
    {
        // On a GPU, reading the lengths would make every step wait for the device.
        if (lengths.device_type == DeviceType.CPU && lengths.min().ToInt64() == length)
            return;
        Values = Mask(lengths, length);
        Codes = Mask((lengths + (perCode - 1L)).div(perCode, RoundingMode.floor), length / perCode);
    }

    /// <summary>1 where a value is real, 0 in the padding, Float32 [B, 1, T]; null where all are real.</summary>
    public Tensor? Values { get; }

    /// <summary>The same for codes, Float32 [B, 1, N]: a code is real where any of its values is.</summary>
    public Tensor? Codes { get; }

    /// <summary>Sets padding to zero, the value that a convolution assumes outside of its input too.</summary>
    public static Tensor Clear(Tensor values, Tensor? mask) => mask is null ? values : values * mask;

    /// <summary>The mean of [B, C, T] over real positions and all channels.</summary>
    public static Tensor Mean(Tensor values, Tensor? mask) =>
        mask is null ? values.mean() : (values * mask).sum() / (mask.sum() * (double)values.shape[1]);

    /// <summary>Quantizes [B, D, N]; the quantizer sees the real positions only, and padding becomes zero.</summary>
    public QuantizationResult Quantize(Quantizer quantizer, Tensor latents)
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
