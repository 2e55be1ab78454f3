using System.Text.Json.Serialization;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The JSON texts of all transformers in model files. Generated at compile time: a trimmed application has no reflection to serialize
/// with. The generator takes one declaration, so this is the one list of all features.</summary>
[JsonSourceGenerationOptions(
    IgnoreReadOnlyProperties = true, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, Converters = [typeof(QuantizerConverter), typeof(AudioFormatConverter)])]
[JsonSerializable(typeof(Saved<ImageModelDescription, EncoderColumns>), TypeInfoPropertyName = "ImageEncoder")]
[JsonSerializable(typeof(Saved<ImageModelDescription, DecoderColumns>), TypeInfoPropertyName = "ImageDecoder")]
[JsonSerializable(typeof(Saved<GaussianVaeDescription, BaselineColumns>), TypeInfoPropertyName = "GaussianVae")]
[JsonSerializable(typeof(Saved<VimcoDescription, BaselineColumns>), TypeInfoPropertyName = "Vimco")]
[JsonSerializable(typeof(Saved<CodesModelDescription, CodesEncoderColumns>), TypeInfoPropertyName = "CodesEncoder")]
[JsonSerializable(typeof(SavedCodesDecoder), TypeInfoPropertyName = "CodesDecoder")]
[JsonSerializable(typeof(Saved<CodesModelDescription, CodesLikelihoodColumns>), TypeInfoPropertyName = "CodesLikelihood")]
[JsonSerializable(typeof(Saved<AudioModelDescription, AudioEncoderColumns>), TypeInfoPropertyName = "AudioEncoder")]
[JsonSerializable(typeof(Saved<AudioModelDescription, AudioDecoderColumns>), TypeInfoPropertyName = "AudioDecoder")]
[JsonSerializable(typeof(SavedAudioLoading))]
[JsonSerializable(typeof(Saved<VocoderDescription, VocoderColumns>), TypeInfoPropertyName = "Vocoder")]
[JsonSerializable(typeof(Saved<SeriesModelDescription, SeriesEncoderColumns>), TypeInfoPropertyName = "SeriesEncoder")]
[JsonSerializable(typeof(Saved<SeriesModelDescription, SeriesDecoderColumns>), TypeInfoPropertyName = "SeriesDecoder")]
[JsonSerializable(typeof(VectorQuantizerOptions))]
[JsonSerializable(typeof(FiniteScalarQuantizerOptions))]
[JsonSerializable(typeof(ResidualVectorQuantizerOptions))]
[JsonSerializable(typeof(TransformerPriorOptions))]
[JsonSerializable(typeof(Saved<PriorDescription, PriorColumns>), TypeInfoPropertyName = "Prior")]
[JsonSerializable(typeof(Saved<VideoPriorDescription, VideoPriorColumns>), TypeInfoPropertyName = "VideoPrior")]
[JsonSerializable(typeof(Saved<FeatureDescription, FeatureColumns>), TypeInfoPropertyName = "Features")]
[JsonSerializable(typeof(Saved<ImageFeatureDescription, ImageFeatureColumns>), TypeInfoPropertyName = "ImageFeatures")]
[JsonSerializable(typeof(SavedAnomalies))]
[JsonSerializable(typeof(SavedFrames))]
[JsonSerializable(typeof(SavedCodeLabelMap))]
[JsonSerializable(typeof(NearestRowsSettings))]
internal sealed partial class SavedJson : JsonSerializerContext;
