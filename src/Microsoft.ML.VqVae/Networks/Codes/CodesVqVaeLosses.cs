using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The losses of a batch of grids of codes, scalars on the model's device.</summary>
/// <param name="Total">What training minimises, see <see cref="CodesVqVae.Losses"/>.</param>
/// <param name="BitsPerCode">−log2 p of a code of the grid given those before it and the latents, the mean over all.</param>
/// <param name="Codebook">The codebook loss; zero when the codebook learns by moving average.</param>
/// <param name="Commitment">The commitment loss, not weighted by β.</param>
/// <param name="Counts">How often each latent code was used, [codebooks, K].</param>
public sealed record CodesVqVaeLosses(Tensor Total, Tensor BitsPerCode, Tensor Codebook, Tensor Commitment, Tensor Counts);
