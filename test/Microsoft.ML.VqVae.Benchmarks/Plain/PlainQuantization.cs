using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The output of a <see cref="PlainQuantizer"/>.</summary>
/// <param name="Quantized">The codes in place of the encodings, with the straight-through gradient.</param>
/// <param name="Commitment">The commitment loss, not weighted.</param>
/// <param name="Indices">The numbers of the codes, Int64 [N].</param>
internal sealed record PlainQuantization(Tensor Quantized, Tensor Commitment, Tensor Indices);
