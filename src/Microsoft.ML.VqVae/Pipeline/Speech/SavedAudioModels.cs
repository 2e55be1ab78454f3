using System.Text.Json.Serialization;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>What an audio network is rebuilt from, its weights aside.</summary>
/// <param name="Codec">Encoder and decoder.</param>
/// <param name="Quantizer">The bottleneck.</param>
/// <param name="Speakers">Whom the decoder knows; null where it is not told who speaks.</param>
/// <param name="PredictionBatchSize">How many rows are computed at once.</param>
/// <param name="Seed">Decides what is random in decoding.</param>
internal sealed record AudioModelDescription(
    AudioCodecOptions Codec, VectorQuantizerOptions Quantizer, ConditionSet? Speakers, int PredictionBatchSize, int Seed);

/// <summary>The names of the columns of an audio encoder; null for those that are not there.</summary>
internal sealed record AudioEncoderColumns(string Input, string Codes, string? Speaker, string? Reconstruction, string? Embeddings);

/// <summary>The names of the columns of an audio decoder.</summary>
internal sealed record AudioDecoderColumns(string Codes, string? Speaker, string Output);

/// <summary>The JSON text of an <see cref="AudioVqVaeTransformer"/> in a model file.</summary>
internal sealed record SavedAudioEncoder(AudioModelDescription Model, AudioEncoderColumns Columns);

/// <summary>The JSON text of an <see cref="AudioVqVaeDecoderTransformer"/> in a model file.</summary>
internal sealed record SavedAudioDecoder(AudioModelDescription Model, AudioDecoderColumns Columns);

[JsonSourceGenerationOptions(
    IgnoreReadOnlyProperties = true, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SavedAudioEncoder))]
[JsonSerializable(typeof(SavedAudioDecoder))]
internal sealed partial class SavedAudioJson : JsonSerializerContext;
