using System.Text.Json.Serialization;

namespace Microsoft.ML.VqVae;

/// <summary>The JSON text of an <see cref="AudioLoadingTransformer"/> in a model file.</summary>
internal sealed record SavedAudioLoading(string Output, string Path, int SampleRate, string? Start, string? Length, string? Folder);

// Generated at compile time: a trimmed application has no reflection to serialize with.
[JsonSourceGenerationOptions(
    IgnoreReadOnlyProperties = true, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SavedAudioLoading))]
internal sealed partial class SavedTransformJson : JsonSerializerContext;
