using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(CodesLikelihoodTransformer), null, typeof(SignatureLoadModel), "VQ-VAE likelihood of codes",
    CodesLikelihoodTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>Adds −log2 p(codes | latents) to a column of codes and a column of latents; what
/// <see cref="CodesVqVaeTransformer.Likelihood"/> gives.</summary>
public sealed class CodesLikelihoodTransformer : NetworkTransformer
{
    internal const string LoaderSignature = "VqVaeCodesLikelihood";
    const string ModelSignature = "VQVAECLH";

    readonly CodesModel _model;
    readonly CodesLikelihoodColumns _columns;

    internal CodesLikelihoodTransformer(CodesModel model, CodesLikelihoodColumns columns)
        : base(model, new CodesLikelihood(model, columns)) => (_model, _columns) = (model, columns);

    // Found by ML.NET by its name and parameters.
    static CodesLikelihoodTransformer Create(IHostEnvironment env, ModelLoadContext ctx) =>
        ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedModelJson.Default.SavedCodesLikelihood,
            (saved, weights) => new CodesLikelihoodTransformer(CodesModel.Load(env, saved.Model, weights), saved.Columns));

    /// <summary>The column of bits that is added.</summary>
    public string OutputColumnName => _columns.Output;

    /// <summary>The column of codes that is read.</summary>
    public string CodesColumnName => _columns.Codes;

    /// <summary>The column of latents that is read.</summary>
    public string LatentsColumnName => _columns.Latents;

    private protected override void Save(ModelSaveContext context) => ModelFile.Save(
        context, ModelSignature, LoaderSignature, new SavedCodesLikelihood(_model.Description, _columns),
        SavedModelJson.Default.SavedCodesLikelihood, _model.WriteWeights);
}
