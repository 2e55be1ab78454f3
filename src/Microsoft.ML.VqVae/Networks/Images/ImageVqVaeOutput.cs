using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>What an <see cref="ImageVqVae"/> makes of a batch of images.</summary>
/// <param name="Reconstruction">The decoded images [B, C, H, W], the mean of p(x|z), normalised (pixels minus mean, over deviation) and not
/// clamped.</param>
/// <param name="Target">The images that were to be decoded, normalised likewise.</param>
/// <param name="Quantization">The codes and the quantizer's losses.</param>
public sealed record ImageVqVaeOutput(Tensor Reconstruction, Tensor Target, QuantizationResult Quantization);

/// <summary>The losses of a batch, scalars on the model's device.</summary>
/// <param name="Total">What training minimises, see <see cref="ImageVqVae.Losses"/>.</param>
/// <param name="Reconstruction">Mean squared error of the normalised pixels: the share of the data's variance that the codes do not explain
/// (NMSE).</param>
/// <param name="Codebook">The codebook loss; zero when the codebook learns by moving average.</param>
/// <param name="Commitment">The commitment loss, not weighted by β.</param>
/// <param name="Counts">How often each code was used, [codebooks, K].</param>
/// <param name="ReconstructionBits">−log2 p(x|z) in bits for each value; null where training minimises a squared error.</param>
public sealed record VqVaeLosses(
    Tensor Total, Tensor Reconstruction, Tensor Codebook, Tensor Commitment, Tensor Counts, Tensor? ReconstructionBits = null);
