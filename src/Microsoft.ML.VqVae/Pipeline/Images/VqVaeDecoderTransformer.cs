using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(VqVaeDecoderTransformer), null, typeof(SignatureLoadModel), "VQ-VAE image decoder",
    VqVaeDecoderTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>Adds a column of images to a column of codes; what <see cref="VqVaeTransformer.Decoder"/> gives.</summary>
public sealed class VqVaeDecoderTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeImageDecoder";
    const string ModelSignature = "VQVAEDEC";

    readonly ImageModel _model;
    readonly DecoderColumns _columns;

    internal VqVaeDecoderTransformer(ImageModel model, DecoderColumns columns) : base(model, new ImageDecoding(model, columns)) =>
        (_model, _columns) = (model, columns);

    // Found by ML.NET by its name and parameters.
    static VqVaeDecoderTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedDecoder,
            (saved, weights) => new VqVaeDecoderTransformer(ImageModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of images that is added.</summary>
    public string OutputColumnName => _columns.Output;

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedDecoder(_model.Description, _columns), SavedModelJson.Default.SavedDecoder,
        _model.WriteWeights);
}
