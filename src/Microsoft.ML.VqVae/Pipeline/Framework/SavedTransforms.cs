using System.Text.Json.Serialization;

namespace Microsoft.ML.VqVae;

/// <summary>The JSON text of an <see cref="AudioLoadingTransformer"/> in a model file.</summary>
internal sealed record SavedAudioLoading(string Output, string Path, int SampleRate, string? Start, string? Length, string? Folder);

/// <summary>The JSON text of an <see cref="ExpandFramesTransformer"/> in a model file.</summary>
internal sealed record SavedFrames(FrameColumns Columns);

/// <summary>The JSON text of a <see cref="CodeLabelMapTransformer"/> in a model file.</summary>
internal sealed record SavedCodeLabelMap(string Label, string Code, int Codes, int Labels, long[] Counts, LabelValues? Values);

// Generated at compile time: a trimmed application has no reflection to serialize with.
[JsonSourceGenerationOptions(
    IgnoreReadOnlyProperties = true, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SavedAudioLoading))]
[JsonSerializable(typeof(SavedFrames))]
[JsonSerializable(typeof(SavedCodeLabelMap))]
internal sealed partial class SavedTransformJson : JsonSerializerContext;
