using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>What a codec of codes is rebuilt from, its weights aside.</summary>
internal sealed record CodesModelDescription(
    CodesCodecOptions Codec, VectorQuantizerOptions Quantizer, CodeFormat Grid, int PredictionBatchSize);

/// <summary>The names of the columns of an encoder of codes; null for what is not made.</summary>
internal sealed record CodesEncoderColumns(string Codes, string Latents, string? Bits);

/// <summary>The names of the columns of a decoder of codes.</summary>
internal sealed record CodesDecoderColumns(string Latents, string Output);

/// <summary>The names of the columns of a likelihood of codes.</summary>
internal sealed record CodesLikelihoodColumns(string Output, string Codes, string Latents);

/// <summary>How a decoder of codes samples.</summary>
internal sealed record CodesSampling(double Temperature, int? TopK, int Seed);

/// <summary>The JSON text of a <see cref="CodesVqVaeTransformer"/> in a model file.</summary>
internal sealed record SavedCodesEncoder(CodesModelDescription Model, CodesEncoderColumns Columns);

/// <summary>The JSON text of a <see cref="CodesVqVaeDecoderTransformer"/> in a model file.</summary>
internal sealed record SavedCodesDecoder(CodesModelDescription Model, CodesDecoderColumns Columns, CodesSampling Sampling);

/// <summary>The JSON text of a <see cref="CodesLikelihoodTransformer"/> in a model file.</summary>
internal sealed record SavedCodesLikelihood(CodesModelDescription Model, CodesLikelihoodColumns Columns);
