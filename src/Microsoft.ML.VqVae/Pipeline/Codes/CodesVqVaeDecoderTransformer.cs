using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(CodesVqVaeDecoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE decoder of codes",
    CodesVqVaeDecoderTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>Adds a column of codes to a column of latents; what <see cref="CodesVqVaeTransformer.Decoder"/> gives.</summary>
public sealed class CodesVqVaeDecoderTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeCodesDecoder";
    const string ModelSignature = "VQVAECDC";

    readonly CodesModel _model;
    readonly CodesDecoderColumns _columns;
    readonly CodesSampling _sampling;

    internal CodesVqVaeDecoderTransformer(CodesModel model, CodesDecoderColumns columns, CodesSampling sampling)
        : base(model, new CodesDecoding(model, columns, sampling)) => (_model, _columns, _sampling) = (model, columns, sampling);

    // Found by ML.NET by its name and parameters.
    static CodesVqVaeDecoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedCodesDecoder,
            (saved, weights) => new CodesVqVaeDecoderTransformer(
                CodesModel.Load(env, saved.Model, weights), saved.Columns, saved.Sampling));

    /// <summary>The column of latents that is read.</summary>
    public string LatentsColumnName => _columns.Latents;

    /// <summary>The column of codes that is added.</summary>
    public string OutputColumnName => _columns.Output;

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedCodesDecoder(_model.Description, _columns, _sampling),
        SavedModelJson.Default.SavedCodesDecoder, _model.WriteWeights);
}
