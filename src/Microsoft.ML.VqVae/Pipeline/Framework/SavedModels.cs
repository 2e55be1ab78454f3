using System.Text.Json.Serialization;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>What a network is rebuilt from, its weights aside.</summary>
internal sealed record ImageModelDescription(
    ImageCodecOptions Codec, VectorQuantizerOptions Quantizer, ImageFormat Pixels, int PredictionBatchSize);

/// <summary>The same of a Gaussian VAE.</summary>
internal sealed record GaussianVaeDescription(ImageCodecOptions Codec, int LatentChannels, ImageFormat Pixels, int PredictionBatchSize);

/// <summary>The same of a VIMCO model.</summary>
internal sealed record VimcoDescription(ImageCodecOptions Codec, VimcoOptions Latents, ImageFormat Pixels, int PredictionBatchSize);

/// <summary>The names of the columns of an encoder; null for those that are not made.</summary>
internal sealed record EncoderColumns(
    string Input, string Codes, string? Reconstruction, bool ReconstructionAsImage, string? Embeddings, string? ReconstructionError,
    string? ReconstructionBits = null);

/// <summary>The names of the columns of a decoder.</summary>
internal sealed record DecoderColumns(string Codes, string Output, bool AsImage);

/// <summary>The JSON text of a <see cref="VqVaeTransformer"/> in a model file.</summary>
internal sealed record SavedEncoder(ImageModelDescription Model, EncoderColumns Columns);

/// <summary>The JSON text of a <see cref="VqVaeDecoderTransformer"/> in a model file.</summary>
internal sealed record SavedDecoder(ImageModelDescription Model, DecoderColumns Columns);

/// <summary>The JSON text of a <see cref="GaussianVaeTransformer"/> in a model file.</summary>
internal sealed record SavedGaussianVae(GaussianVaeDescription Model, BaselineColumns Columns);

/// <summary>The JSON text of a <see cref="VimcoTransformer"/> in a model file.</summary>
internal sealed record SavedVimco(VimcoDescription Model, BaselineColumns Columns);

// Generated at compile time: a trimmed application has no reflection to serialize with.
[JsonSourceGenerationOptions(
    IgnoreReadOnlyProperties = true, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SavedEncoder))]
[JsonSerializable(typeof(SavedDecoder))]
[JsonSerializable(typeof(SavedGaussianVae))]
[JsonSerializable(typeof(SavedVimco))]
[JsonSerializable(typeof(SavedPrior))]
[JsonSerializable(typeof(SavedCodesEncoder))]
[JsonSerializable(typeof(SavedCodesDecoder))]
[JsonSerializable(typeof(SavedCodesLikelihood))]
[JsonSerializable(typeof(SavedVideoPrior))]
internal sealed partial class SavedModelJson : JsonSerializerContext;
